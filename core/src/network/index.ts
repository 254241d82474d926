export * from './attachment.ts';
export * from './attachments.ts';
export * from './errors.ts';
export * from './host.ts';
export * from './ipam.ts';
export * from './mode.ts';
