import type { JsonObject, JsonValue } from '@hawser/core';
import type {
  AttachmentId,
  AttachmentRequest,
  AttachmentResult,
  DetachRequest,
  NetworkChoice,
  PodRef,
  RuntimeView,
} from '@hawser/core/network';
import * as z from 'zod';
import { CniCode, CniError } from './cni-error.ts';
import {
  checkIdentity,
  type CniArgs,
  decodeArgs,
  decodeEnvironment,
  type Environment,
  requireEnvironment,
  unknownCommand,
} from './environment.ts';
import type { RequestFrame } from './frame.ts';
import { decodeNetworkConfig, modeSettings, type NetworkConfig, parseWith, peekVersion } from './network-config.ts';
import { compact, decodePreviousResult } from './previous-result.ts';
import { checkVerbVersion, chooseVersion, type CniVersion, NEWEST_VERSION } from './versions.ts';

/** What a caller asks to be checked. */
export interface CheckRequest extends AttachmentId {
  readonly network: string;
  readonly expected: AttachmentResult;
}

/** A call after everything that can be wrong with it has been found right. */
export type CniRequest =
  | { readonly verb: 'ADD'; readonly version: CniVersion; readonly request: AttachmentRequest }
  | { readonly verb: 'DEL'; readonly version: CniVersion; readonly request: DetachRequest }
  | { readonly verb: 'CHECK'; readonly version: CniVersion; readonly request: CheckRequest; readonly netns: string }
  | { readonly verb: 'GC'; readonly version: CniVersion; readonly request: RuntimeView }
  | { readonly verb: 'STATUS'; readonly version: CniVersion; readonly network: NetworkChoice }
  | { readonly verb: 'VERSION'; readonly version: CniVersion };

/**
 * Decodes and checks a call in the order of the reference implementation: missing variables (4), config (6, 7),
 * identity (4), unknown command (4), version (1), and then what the verb itself needs. Throws CniErrors only.
 */
export function decodeRequest(frame: RequestFrame): CniRequest {
  const environment = decodeEnvironment(frame.environment);
  const verb = requireEnvironment(environment);
  if (verb === 'VERSION') return { verb, version: peekVersion(frame.input) ?? NEWEST_VERSION };
  const { cniVersion, ...config } = decodeNetworkConfig(frame.input);
  if (verb === undefined) throw unknownCommand();
  const identity = verb === 'GC' || verb === 'STATUS' ? undefined : checkIdentity(environment);
  const version = chooseVersion(cniVersion);
  checkVerbVersion(verb, version);
  const network: NetworkConfig = { ...config, version };
  if (verb === 'GC') return { verb, version, request: decodeRuntimeView(network) };
  if (verb === 'STATUS' || identity === undefined) return { verb: 'STATUS', version, network: decodeChoice(network) };
  if (verb === 'DEL') return { verb, version, request: { ...identity, network: network.name } };
  if (verb === 'CHECK') return { verb, version, request: decodeCheck(identity, network), netns: environment.get('CNI_NETNS') ?? '' };
  return { verb, version, request: decodeAdd(identity, network, environment) };
}

const Strings = z.array(z.string()).nullish();
const Args = z.looseObject({ cni: z.looseObject({ ips: Strings, mac: z.string().nullish() }).nullish() }).nullish();
const Choice = z.looseObject({ mode: z.string().nullish() });
const Add = Choice.extend({ args: Args, runtimeConfig: z.looseObject({}).nullish() });
const Capabilities = z.looseObject({ ips: Strings, mac: z.string().nullish() });

function decodeChoice({ name, raw }: NetworkConfig): NetworkChoice {
  const { mode } = parseWith(Choice, raw, CniCode.config, 'the network config');
  return { name, settings: modeSettings(raw), ...compact({ mode: nonEmpty(mode) }) };
}

function decodeAdd(id: AttachmentId, network: NetworkConfig, environment: Environment): AttachmentRequest {
  const { mode, args, runtimeConfig } = parseWith(Add, network.raw, CniCode.config, 'the network config');
  const capabilities = (runtimeConfig ?? {}) as JsonObject;
  const known = parseWith(
    Capabilities,
    { ips: capability(capabilities, 'ips'), mac: capability(capabilities, 'mac') },
    CniCode.config,
    'runtimeConfig',
  );
  const cniArgs = decodeArgs(environment.get('CNI_ARGS') ?? '');
  const staticIps =
    [known.ips, args?.cni?.ips, cniArgs.ip?.split(',')].find((ips) => ips !== null && ips !== undefined && ips.length > 0) ?? [];
  const prevResult = network.raw['prevResult'] ?? undefined;
  return {
    ...id,
    netns: environment.get('CNI_NETNS') ?? '',
    network: { name: network.name, settings: modeSettings(network.raw), capabilities, ...compact({ mode: nonEmpty(mode) }) },
    staticIps: staticIps.map((ip) => ip.trim()).filter((ip) => ip !== ''),
    ...compact({
      pod: decodePod(cniArgs),
      mac: nonEmpty(known.mac) ?? nonEmpty(args?.cni?.mac) ?? cniArgs.mac,
      previous: prevResult === undefined ? undefined : decodePreviousResult(prevResult, network.version),
    }),
  };
}

function decodePod({ podNamespace, podName, podUid }: CniArgs): PodRef | undefined {
  if (podNamespace === undefined || podName === undefined) return undefined;
  return { namespace: podNamespace, name: podName, ...compact({ uid: podUid }) };
}

function decodeCheck(id: AttachmentId, network: NetworkConfig): CheckRequest {
  const prevResult = network.raw['prevResult'] ?? undefined;
  if (prevResult === undefined) throw new CniError(CniCode.config, 'CHECK needs the prevResult of the ADD');
  return { ...id, network: network.name, expected: decodePreviousResult(prevResult, network.version) };
}

const Valid = z.array(z.looseObject({ containerID: z.string(), ifname: z.string() }));

/**
 * Which attachments the runtime knows. A list, null (none at all), or no key (it told nothing). Where both the old
 * and the new key are there, what either holds is valid: nothing that might live is reaped.
 */
function decodeRuntimeView({ name, raw }: NetworkConfig): RuntimeView {
  const told = ['cni.dev/valid-attachments', 'cni.dev/attachments'].filter((key) => Object.hasOwn(raw, key) && raw[key] !== undefined);
  if (told.length === 0) return { network: name };
  const valid = told.flatMap((key) => parseWith(Valid, raw[key] ?? [], CniCode.config, key));
  return { network: name, valid: valid.map(({ containerID, ifname }) => ({ containerId: containerID, ifname })) };
}

/** A capability by its name in any case: containerd and podman differ. */
function capability(capabilities: JsonObject, name: string): JsonValue | undefined {
  return Object.entries(capabilities).find(([key]) => key.toLowerCase() === name)?.[1];
}

const nonEmpty = (text: string | null | undefined): string | undefined => (text === null || text === '' ? undefined : text);
