import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from './config-shape.ts';
import { defaultConfigToml } from './default-toml.ts';
import { load, PLUGINS, write } from './load.fixture.ts';

describe('the JSON Schema', () => {
  const validate = new Ajv2020({ strict: false }).compile(configJsonSchema(PLUGINS));

  it.each([
    ['the default', defaultConfigToml(PLUGINS), true],
    ['nothing', '', true],
    ['settings', 'root = "/a"\n[plugins."hawser.ipam.v1.range"]\npolicy = "random"\nroutes = [{ dst = "10.0.0.0/8" }]', true],
    ['alternatives', '[plugins."hawser.mode.v1.bridge"]\nbridge = "b"\nvia = { subnet = "10.0.0.0/8" }', true],
    ['an unknown key', 'rot = "/a"', false],
    ['an unknown plugin', '[plugins."no.such.plugin"]', false],
    ['an unknown key of a plugin', '[plugins."hawser.mode.v1.bridge"]\nbridge = "b"\nnope = 1', false],
    ['an unknown key in a list', '[plugins."hawser.ipam.v1.range"]\nroutes = [{ dst = "10.0.0.0/8", nope = 1 }]', false],
    ['a missing key', '[plugins."hawser.mode.v1.bridge"]\nmtu = 1', false],
    ['a wrong type', 'imports = "x"', false],
    ['a choice that there is not', '[plugins."hawser.ipam.v1.range"]\npolicy = "last"', false],
    ['a number out of bounds', 'version = 0', false],
  ])('and the agent agree about %s', async (_, text, valid) => {
    const loaded = load(await write({ 'c.toml': text })).then(
      () => true,
      () => false,
    );
    expect([validate(parse(text)), await loaded]).toEqual([valid, valid]);
  });
});
