import { expect, test } from 'vitest';
import { defineErrors, toHawserError } from '../errors/index.ts';
import { loggedError } from './logged-error.ts';

const errors = defineErrors('test', {
  refused: { kind: 'InvalidArgument', remedy: 'Ask for something else.' },
  defect: { kind: 'Internal', remedy: 'Report it.' },
  damaged: { kind: 'DataLoss', remedy: 'Restore it.' },
});
const errno = Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT', errno: -2, syscall: 'open' });
const stackOf = (error: unknown): unknown => loggedError(error)['stack'];

test('an error of the catalogue is told without its stack: code, sentence and remedy say it all', () => {
  const told = loggedError(errors.refused('it is too large', { details: { size: 7 } }));
  expect(Object.fromEntries(Object.entries(told))).toEqual({
    type: 'HawserError',
    name: 'HawserError',
    message: 'it is too large',
    code: 'test.refused',
    kind: 'InvalidArgument',
    remedy: 'Ask for something else.',
    details: { size: 7 },
  });
});

test('so is one that came of another, of the system, or of a deadline; all their sentences are there', () => {
  const cause = errors.refused('the address is none', { cause: errno });
  expect(loggedError(errors.refused('the range is none', { cause }))).toMatchObject({
    message: 'the range is none: the address is none: ENOENT: no such file or directory',
  });
  expect(stackOf(errors.refused('the range is none', { cause }))).toBeUndefined();
  expect(stackOf(toHawserError(new DOMException('ADD took longer than 2 s', 'TimeoutError')))).toBeUndefined();
  expect(stackOf(errors.refused('one', { cause: 'a text' }))).toBeUndefined();
});

test('a defect keeps its stack, whatever error it is behind', () => {
  expect(stackOf(new TypeError('x is undefined'))).toMatch(/logged-error\.test/);
  expect(stackOf(toHawserError(new TypeError('x is undefined')))).toMatch(/caused by: TypeError/);
  expect(stackOf(errors.refused('the mode failed', { cause: new TypeError('x is undefined') }))).toMatch(/caused by: TypeError/);
  expect(stackOf(errors.refused('the mode failed', { cause: new AggregateError([errno]) }))).toMatch(/caused by: AggregateError/);
  expect(stackOf(errors.defect('impossible'))).toMatch(/logged-error\.test/);
  expect(stackOf(errors.damaged('no JSON'))).toMatch(/logged-error\.test/);
});

test('what is no error is told all the same', () => {
  expect(loggedError('out of paper')).toEqual({ message: 'out of paper' });
});

test('a circle of causes ends', () => {
  const error = errors.refused('round');
  error.cause = error;
  expect(loggedError(error)['code']).toBe('test.refused');
});
