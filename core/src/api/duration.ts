import { durationUnits, readMeasure } from '../config/units.ts';

/** Milliseconds of `500ms`, `30s`, `10m`, `1h30m`, `2d`, as the config has them; undefined when the text isn't a duration. */
export const parseDuration = (text: string): number | undefined => readMeasure(text, durationUnits);
