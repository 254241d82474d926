export * from './attachment.ts';
export * from './attachments.ts';
export * from './cidr.ts';
export * from './errors.ts';
export * from './host.ts';
export * from './ipam.ts';
export * from './mac.ts';
export * from './mode.ts';
