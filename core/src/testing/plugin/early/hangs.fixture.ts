export {};
await new Promise(() => undefined);
