import { defineErrors } from '@hawser/core';

/** The health room's part of the error catalogue. */
export const healthErrors = defineErrors('health', {
  grpcFailed: { kind: 'Unavailable', remedy: 'Configure an address that is free as grpc_address, or leave it out.' },
});
