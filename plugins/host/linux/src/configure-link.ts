import type { HawserError } from '@hawser/core';
import { hostErrors, type LinkConfiguration, type LinkStep, linkSteps } from '@hawser/core/network';
import { isThereAlready, newAddress } from './addresses.ts';
import { setLink } from './netlink/link.ts';
import type { Request } from './netlink/message.ts';
import { newNeighbour } from './neighbours.ts';
import type { OpenNetns } from './open-netns.ts';
import { isBesideItself, newRoute } from './routes.ts';
import { writeHere } from './sysctl.ts';

type Space = Pick<OpenNetns, 'netns' | 'socket' | 'links' | 'exchange'>;

/**
 * One visit of the namespace, in which the socket is opened, the link looked up and the sysctls set, and one send for all
 * the rest. Text that is no address is refused before anything is set.
 */
export async function configureLink(space: Space, name: string, configuration: LinkConfiguration): Promise<void> {
  const steps = linkSteps(name, configuration);
  const parts = space.netns.run(() => prepare(space, name, steps));
  if (parts.length === 0) return;
  const outcomes = await space.exchange(parts.map(({ request }) => request));
  for (const [at, { step }] of parts.entries()) {
    const error = outcomes[at]?.error;
    if (error !== undefined && !isDone(space, step, error)) throw error;
  }
}

/** Whether a refusal says that nothing was to be done. */
function isDone(space: Space, step: LinkStep, refusal: HawserError): boolean {
  if (step.kind === 'address') return isThereAlready(space, step.address, refusal);
  return step.kind === 'route' && isBesideItself(step.route, refusal);
}

interface Part {
  readonly step: LinkStep;
  readonly request: Request;
}

/** Inside of the namespace. */
function prepare(space: Space, name: string, steps: readonly LinkStep[]): readonly Part[] {
  const index = space.links.indexOf(name);
  const parts: Part[] = [];
  for (const step of steps) {
    const request = requestOf(index, name, step);
    if (request !== undefined) parts.push({ step, request });
  }
  for (const step of steps) if (step.kind === 'sysctl') setIfKnown(step.name, step.value);
  return parts;
}

/** None for a sysctl, which is a file. */
function requestOf(index: number, name: string, step: LinkStep): Request | undefined {
  switch (step.kind) {
    case 'sysctl':
      return undefined;
    case 'address':
      return newAddress(index, step.address);
    case 'up':
      return setLink({ index, up: true }, `bring up link '${name}'`);
    case 'route':
      return newRoute({ ...step.route, link: index });
    case 'neighbour':
      return newNeighbour(index, step.neighbour);
  }
}

function setIfKnown(name: string, value: string): void {
  try {
    writeHere(name, value);
  } catch (error) {
    if (!hostErrors.notFound.is(error)) throw error;
  }
}
