import { placeOf } from './place.ts';
import { eachImport, type Rule } from './rule.ts';

/**
 * Node.js makes a module of each name that a built-in one has, and a name of `node:http` stands for a whole HTTP client: 25 ms
 * of each start and 16 MB, for nothing.
 */
export const builtins: Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined || place.test) return {};
    return eachImport((specifier, node) => {
      if (/^(node:)?https?$/.test(specifier) && node.importKind !== 'type' && node.type !== 'TSImportType')
        context.report({
          node,
          message: `an import of ${specifier} loads an HTTP client that nobody needs, 25 ms: take it by process.getBuiltinModule('node:http').`,
        });
    });
  },
};
