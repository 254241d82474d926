/**
 * What sort of failure an error is, whatever raised it. The set is that of gRPC's status codes plus `NotModified`,
 * so that it maps one to one onto RPC and HTTP status.
 */
export type ErrorKind =
  | 'InvalidArgument'
  | 'NotFound'
  | 'AlreadyExists'
  | 'FailedPrecondition'
  | 'PermissionDenied'
  | 'ResourceExhausted'
  | 'Conflict'
  | 'Aborted'
  | 'OutOfRange'
  | 'NotImplemented'
  | 'Internal'
  | 'Unavailable'
  | 'DataLoss'
  | 'Unauthenticated'
  | 'NotModified'
  | 'Cancelled'
  | 'DeadlineExceeded'
  | 'Unknown';
