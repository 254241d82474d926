import * as z from 'zod';
import { IDENTIFIER, MAX_IDENTIFIER_LENGTH } from '../metadata/identifiers.ts';
import { Namespaces } from '../metadata/namespaces.ts';
import { DEFAULT_NAMESPACE } from '../metadata/store.ts';
import { type AgentView, service } from './service.ts';

/** A namespace's name. */
export const namespaceName = z.string().max(MAX_IDENTIFIER_LENGTH).regex(IDENTIFIER, "can't name a namespace");

/** The query of whatever is of one namespace: `?namespace=…`. */
export const scoped = z.strictObject({ namespace: namespaceName.default(DEFAULT_NAMESPACE) });

/** Where a call reads and writes. */
export interface Scope {
  readonly namespace: string;
}

/** The scope that a query asks for; `metadata.unknown_namespace` where there is none. The default one is there without a look. */
export function scopeOf(agent: AgentView, { namespace }: Scope): Scope {
  if (namespace !== DEFAULT_NAMESPACE) service(agent, Namespaces).stat(namespace);
  return { namespace };
}
