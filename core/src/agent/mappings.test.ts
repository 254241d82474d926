import { describe, expect, test } from 'vitest';
import { programPages, sharedFiles } from './mappings.ts';

const PROGRAM = '/usr/bin/node';

/** An entry of smaps, cut down to what tells something. */
const entry = (range: string, access: string, path: string, ownKb: number): string =>
  `${range} ${access} 00000000 fe:00 5326403                            ${path}\nSize:  4280 kB\nRss:  80 kB\nAnonymous:       ${ownKb} kB\nAnonHugePages:    0 kB\nVmFlags: rd mr mw me\n`;

const SMAPS = [
  entry('00400000-0082e000', 'r--p', PROGRAM, 0),
  entry('0082e000-03489000', 'r-xp', PROGRAM, 0),
  entry('03489000-072a7000', 'r--p', PROGRAM, 0),
  entry('072a7000-072dc000', 'r--p', PROGRAM, 24),
  entry('072dc000-07308000', 'rw-p', PROGRAM, 0),
  entry('0750b000-08000000', 'rw-p', '[heap]', 9000),
  entry('7f64bbdc0000-7f64bbfd5000', 'r-xp', PROGRAM, 0),
  entry('7f64c0000000-7f64c0026000', 'r--p', '/usr/lib/libc.so.6', 0),
].join('');

describe('pages of the program', () => {
  test('are its code and constants; not what the loader has written to, what it writes, or what it has mapped later', () => {
    expect(programPages(SMAPS, PROGRAM)).toMatchObject([
      { from: 0x400000, bytes: 0x42e000 },
      { from: 0x82e000, bytes: 0x2c5b000 },
      { from: 0x3489000, bytes: 0x3e1e000 },
    ]);
  });

  test('none are known of another program, of one whose file was replaced, or where nobody says what was written to', () => {
    expect(programPages(SMAPS, '/usr/bin/other')).toEqual([]);
    expect(programPages(SMAPS.replaceAll(PROGRAM, `${PROGRAM} (deleted)`), PROGRAM)).toEqual([]);
    expect(programPages(SMAPS.replaceAll(/^Anonymous.*\n/gm, ''), PROGRAM)).toEqual([]);
    expect(programPages('', PROGRAM)).toEqual([]);
  });
});

describe('shared files', () => {
  test('are those that are mapped for reading, wherever they lie; nothing private, written or without a file', () => {
    const maps = [
      '00400000-0082e000 r--p 00000000 fe:00 5326403                            /usr/bin/node',
      '7f70b2a3f000-7f70b2fff000 r--s 00000000 00:1b 17                         /run/hawser/store/data.mdb',
      '7f70d0281000-7f70d0541000 r--s 00000000 00:1b 17                         /run/hawser/store/data.mdb (deleted)',
      '7f70d0600000-7f70d0601000 r--s 00000000 00:0c 4                          /srv/a folder/data.mdb',
      '7f711221f000-7f7112222000 rw-s 00000000 00:1b 18                         /run/hawser/store/lock.mdb',
      '7f7112300000-7f7112400000 r--p 00000000 00:00 0 ',
      '7fff5a1d9000-7fff5a1dd000 r--p 00000000 00:00 0                          [vvar]',
      '',
    ].join('\n');
    expect(sharedFiles(maps)).toMatchObject([
      { from: 0x7f70b2a3f000, bytes: 0x5c0000 },
      { from: 0x7f70d0281000, bytes: 0x2c0000 },
      { from: 0x7f70d0600000, bytes: 0x1000 },
    ]);
  });

  test('none where there are no such lines', () => {
    expect(sharedFiles('')).toEqual([]);
    expect(sharedFiles('garbage r--s\n\0')).toEqual([]);
  });
});
