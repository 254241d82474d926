/** The part of ESLint's rule interface that our rules use; oxlint runs it. */
export interface Rule {
  create(context: RuleContext): Readonly<Record<string, (node: SyntaxNode) => void>>;
}

export interface RuleContext {
  /** Absolute path of the file being linted. */
  readonly filename: string;
  report(problem: { readonly node: SyntaxNode; readonly message: string }): void;
}

/** An ESTree node, with those fields that the rules read. */
export interface SyntaxNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly source?: SyntaxNode | null;
  readonly importKind?: string;
  readonly callee?: SyntaxNode;
  readonly object?: SyntaxNode;
  readonly property?: SyntaxNode;
  readonly imported?: SyntaxNode;
  readonly specifiers?: readonly SyntaxNode[];
  readonly arguments?: readonly SyntaxNode[];
}

/** A visitor that calls `check` for everything that names another module, types included. */
export function eachImport(check: (specifier: string, node: SyntaxNode) => void): Readonly<Record<string, (node: SyntaxNode) => void>> {
  const visit = (node: SyntaxNode): void => {
    if (typeof node.source?.value === 'string') check(node.source.value, node);
  };
  return {
    ImportDeclaration: visit,
    ExportNamedDeclaration: visit,
    ExportAllDeclaration: visit,
    ImportExpression: visit,
    TSImportType: visit,
  };
}
