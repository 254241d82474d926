import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isListenedOn } from '../../context/index.ts';
import { type Finding, ok, warn } from './finding.ts';

const CONF_DIR = '/etc/cni/net.d';
const OUR_TYPE = 'hawser-cni';

/** Which network config runtimes take: the first by name. */
export async function checkConflist(folder: string = CONF_DIR): Promise<readonly Finding[]> {
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) => /\.(conf|conflist|json)$/.test(name)).toSorted();
  const texts = await Promise.all(names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8').catch(() => '') })));
  const ours = texts.findIndex(({ text }) => text.includes(`"${OUR_TYPE}"`));
  const remedy = 'Install it with `hawser cni install` when the agent is ready.';
  if (ours < 0) return [warn('conflist', `no network config in ${folder} names ${OUR_TYPE}`, remedy)];
  const found = join(folder, names[ours] ?? '');
  if (ours === 0) return [ok('conflist', found)];
  return [
    warn(
      'conflist',
      `${found} stands behind ${names[0]}`,
      'Remove the other one, or give ours a name that sorts before it: runtimes take the first.',
    ),
  ];
}

const CRI_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/cri-dockerd.sock',
];

/** Which container runtime of this machine listens. */
export async function checkCri(): Promise<readonly Finding[]> {
  const living = (
    await Promise.all(CRI_SOCKETS.map(async (path) => ((await exists(path)) && (await isListenedOn(path)) ? [path] : [])))
  ).flat();
  if (living.length > 0) return [ok('container runtime', living.join(', '))];
  return [warn('container runtime', 'none listens at the usual sockets', 'Start containerd or CRI-O where pods are to run.')];
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
