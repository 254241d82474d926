/** Whether a text is an absolute path that a kernel takes. */
export const isPath = (text: string): boolean => /^\/[^\0]*$/.test(text);
