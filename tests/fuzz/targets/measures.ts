import { duration, size } from '@hawser/core';
import * as fc from 'fast-check';
import { parseDuration } from '../../../core/src/api/duration.ts';
import { durationUnits, readMeasure, sizeUnits, writeMeasure } from '../../../core/src/config/units.ts';
import { parseTime } from '../../../core/src/metadata/rfc3339.ts';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const UNITS = ['ms', 's', 'm', 'h', 'd', 'B', 'kB', 'KiB', 'MiB', 'GB', 'TiB', 'x', ''];
const part = fc.tuple(
  fc.oneof(fc.nat().map(String), fc.double().map(String), fc.constantFrom('1.5', '007', '9007199254740993')),
  fc.constantFrom(...UNITS),
);

/** Lengths of time and of data, and points in time. */
export const measures: FuzzTarget = {
  name: 'measures',
  summary: 'durations, sizes and times: exact whole numbers or refused, and printed they are read as the same',
  format: 'text',
  pieces: [...UNITS, '.', '1.', '-', '+', 'T', 'Z', ':', '+00:00', '-24:00', '.999', 'constructor', '2026-01-01T00:00:00Z'],
  grammar: fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.flat().join('')),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  ),
  runs: 1_500,
  open: () => ({
    attempt(input) {
      const text = input.toString();
      for (const units of [durationUnits, sizeUnits]) {
        const value = readMeasure(text, units);
        if (value === undefined) continue;
        hold(Number.isSafeInteger(value) && value >= 0, `${value} is no whole number`);
        hold(readMeasure(writeMeasure(value, units), units) === value, `printed as ${writeMeasure(value, units)} it is another measure`);
      }
      hold(parseDuration(text) === readMeasure(text, durationUnits), 'the API reads another duration');
      const ms = duration().safeParse(text);
      if (ms.success) hold(ms.data <= 24 * 86_400_000 && ms.data === parseDuration(text), 'a setting is out of its bounds');
      const bytes = size().safeParse(text);
      if (bytes.success) hold(bytes.data === readMeasure(text, sizeUnits), 'a setting is another size');
      const at = parseTime(text);
      if (at !== undefined)
        hold(Number.isFinite(at) && parseTime(new Date(at).toISOString()) === at, `printed it is another time than ${at}`);
    },
  }),
};
