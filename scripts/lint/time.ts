import { placeOf } from './place.ts';
import { eachImport, type Rule, type RuleContext, type SyntaxNode } from './rule.ts';

const USE = {
  now: 'Use `clock.now()` of the context (or `clock.monotonic()` for durations), so that tests can hold time.',
  wait: 'Use `clock.timer(ms, callback)` or `clock.sleep(ms, signal)` of the context, so that tests can hold time.',
  random: 'Use `random.bytes()`, `random.integer()` or `random.id()` of the context, so that tests can seed it.',
};

const MEMBERS = new Map(
  Object.entries({
    'Date.now': USE.now,
    'performance.now': USE.now,
    'process.hrtime': USE.now,
    'Math.random': USE.random,
    'crypto.randomUUID': USE.random,
    'crypto.getRandomValues': USE.random,
    'AbortSignal.timeout': USE.wait,
  }),
);
const CALLS = new Map(Object.entries({ setTimeout: USE.wait, setInterval: USE.wait, Date: USE.now }));
const NAMES = new Map(
  Object.entries({
    randomBytes: USE.random,
    randomInt: USE.random,
    randomUUID: USE.random,
    performance: USE.now,
  }),
);

/** Time, randomness and ids come through the context; only core/src/context, test tools and tests touch the real ones. */
export const time: Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined || place.test || /^(context|testing)\//.test(place.path)) return {};
    return { ...eachImport((specifier, node) => checkImport(context, specifier, node)), ...visitor(context) };
  },
};

function checkImport(context: RuleContext, specifier: string, node: SyntaxNode): void {
  if (/^(node:)?timers(\/promises)?$/.test(specifier)) context.report({ node, message: USE.wait });
  if (!/^(node:)?(crypto|perf_hooks)$/.test(specifier)) return;
  for (const imported of node.specifiers ?? []) {
    const message = NAMES.get(imported.imported?.name ?? '');
    if (message !== undefined) context.report({ node: imported, message });
  }
}

function visitor(context: RuleContext): Readonly<Record<string, (node: SyntaxNode) => void>> {
  return {
    MemberExpression(node) {
      const message = MEMBERS.get(`${node.object?.name ?? ''}.${node.property?.name ?? ''}`);
      if (message !== undefined) context.report({ node, message });
    },
    CallExpression(node) {
      const message = CALLS.get(node.callee?.name ?? '');
      if (message !== undefined) context.report({ node, message });
    },
    NewExpression(node) {
      if (node.callee?.name === 'Date' && node.arguments?.length === 0) context.report({ node, message: USE.now });
    },
  };
}
