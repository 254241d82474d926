import { toHawserError } from '../../errors/index.ts';
import { metadataErrors } from '../../metadata/errors.ts';
import { checkStores } from '../check-stores.ts';
import { fail, type Finding, ok, skip } from './finding.ts';

/** Whether both stores can be read whole; an agent that has them open has looked itself. */
export async function checkStore(folders: { readonly root: string; readonly state: string }): Promise<readonly Finding[]> {
  try {
    const stores = await checkStores(folders);
    const damaged = stores.flatMap((store) => (store.damage === undefined ? [] : [store.damage]))[0];
    if (damaged !== undefined) return [fail('store', damaged.message, damaged.remedy)];
    const [finding] = stores.flatMap(({ findings }) => findings);
    if (finding !== undefined) return [fail('store', `${finding.what}: ${finding.means}`, 'Run `hawser db check`, which tells all of it.')];
    const sound = stores.filter(({ status }) => status === 'sound' || status === 'older');
    return [sound.length === 0 ? ok('store', 'there is none yet') : ok('store', `sound: ${sound.map((store) => store.path).join(', ')}`)];
  } catch (thrown) {
    const error = toHawserError(thrown);
    if (error.code === metadataErrors.locked.code) return [skip('store', 'an agent has it open and has checked it')];
    return [fail('store', error.message, error.remedy)];
  }
}
