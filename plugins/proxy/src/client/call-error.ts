import { type ServiceError, status } from '@grpc/grpc-js';
import { HawserError } from '@hawser/core';
import { proxyErrors } from '../errors.ts';
import type { Method } from '../wire/proto.ts';
import { failureOf, kindOf, tidy } from '../wire/status.ts';

/** A call's status as an error of the catalogue: the one that the process sent along, else what the status says. */
export function callError(method: Method, address: string, error: ServiceError): HawserError {
  const told = failureOf(error);
  if (told !== undefined) return told;
  const said = tidy(error.details);
  const options = { cause: error };
  if (error.code === status.UNAVAILABLE)
    return proxyErrors.unreachable(`the process at ${address} can't be reached: ${lastError(said)}`, options);
  if (error.code === status.UNIMPLEMENTED)
    return proxyErrors.incompatible(`the process at ${address} does not serve ${method.path}`, options);
  if (error.code === status.DEADLINE_EXCEEDED) return proxyErrors.deadline(`${method.path} at ${address} took too long: ${said}`, options);
  const isTooLarge = error.code === status.RESOURCE_EXHAUSTED && /larger than \w/.test(said);
  return isTooLarge ? proxyErrors.tooLarge(`${method.path} at ${address}: ${said}`, options) : failed(method, address, error, said);
}

/** Of the library's account of a connection that failed, what the system said. */
const lastError = (said: string): string => /Last error: (?:Error: )?(.*?)\. Resolution note:/.exec(said)?.[1] ?? said;

function failed(method: Method, address: string, error: ServiceError, said: string): HawserError {
  const { code, definition } = proxyErrors.callFailed;
  const message = `${method.path} at ${address} failed: ${said === '' ? status[error.code] : said}`;
  return new HawserError(code, { ...definition, kind: kindOf(error.code) }, message, { cause: error });
}
