import { expect, test } from 'vitest';
import { type CommandHelp, hawserFault, parseHelp } from './command-help.ts';
import { commandsIn } from './words.ts';

test('a line is taken apart as a shell would', () => {
  expect(
    commandsIn([
      '$ hawser leases ls labels.owner==me \'id~=^debug\' "a b"  # remark',
      'sudo A=1 hawser run 2>>log & echo --x | hawser db check && true; ls <in',
      'hawser events \\',
      "  --from 30m 'a # b'",
      '# a remark',
    ]),
  ).toEqual([
    [0, ['hawser', 'leases', 'ls', 'labels.owner==me', 'id~=^debug', 'a b']],
    [1, ['hawser', 'run']],
    [1, ['echo', '--x']],
    [1, ['hawser', 'db', 'check']],
    [1, ['true']],
    [1, ['ls']],
    [3, ['hawser', 'events', '--from', '30m', 'a # b']],
  ]);
});

const HELP: Readonly<Record<string, string>> = {
  '': 'Usage: hawser [options] [command]\n\nOptions:\n  --socket <path>  the socket\n  -o, --output <format>  how\n  -h, --help  help\n\nCommands:\n  leases  Leases.\n  events [options] [command] [filter...]  Events,\n                 told.\n  run  Run.\n',
  leases: 'Usage: hawser leases [options] [command]\n\nCommands:\n  create [options] [id]  Make one.\n  show|get <id>  Show one.\n',
  'leases create': 'Usage: hawser leases create [options] [id]\n\nArguments:\n  id  its id\n\nOptions:\n  --label <key=value>  a label\n',
  'leases show': 'Usage: hawser leases show [options] <id>\n',
  events: 'Usage: hawser events [options] [command] [filter...]\n\nOptions:\n  -f, --follow  go on\n\nCommands:\n  topics  List them.\n',
  'events topics': 'Usage: hawser events topics [options]\n',
  run: 'Usage: hawser run [options]\n',
};

const help = (path: readonly string[]): CommandHelp => parseHelp(HELP[path.join(' ')] ?? expect.fail(`no help of ${path.join(' ')}`));
const fault = (line: string) => hawserFault(line.split(' '), help);

test('what a command takes is read from its help', () => {
  expect(help([])).toMatchObject({ commands: ['leases', 'events', 'run'], least: 0, most: 0 });
  expect(help(['leases']).commands).toEqual(['create', 'show', 'get']);
  expect([...help([]).options]).toEqual([
    ['--socket', true],
    ['-o', true],
    ['--output', true],
    ['-h', false],
    ['--help', false],
  ]);
});

test('what parses is no fault', () => {
  for (const line of ['run', '-o json leases create x --label a=b', 'events topics', 'events -f --socket=/x a==b c', 'leases show x'])
    expect([line, fault(line)]).toEqual([line, undefined]);
});

test('an unknown command or option, a missing value, and words too many or too few are told', () => {
  expect(fault('lease ls')).toBe("hawser has no command 'lease'");
  expect(fault('leases creat')).toBe("hawser leases has no command 'creat'");
  expect(fault('leases create --labels a=b')).toBe('hawser leases create has no option --labels');
  expect(fault('leases create --label')).toBe('hawser leases create --label lacks its value');
  expect(fault('leases create a b')).toBe('hawser leases create takes 1 words, not 2');
  expect(fault('leases show')).toBe('hawser leases show wants 1 words, not 0');
  expect(fault('run now')).toBe('hawser run takes 0 words, not 1');
});
