'use strict';

/**
 * The programs in types/ are written for ws. Each is compiled twice: against
 * `@types/ws`, which proves that it is a valid ws program, and against our
 * own declarations, found through package.json as a user's compiler does.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const ts = require('typescript');

const ROOT = path.resolve(__dirname, '..');
const PROGRAMS = path.join(__dirname, 'types');
const WS_TYPES = path.join(ROOT, 'node_modules/@types/ws');
const ADDITIONS = ['additions.mts'];
// Changes the declarations for the whole program, so it is compiled alone.
const AUGMENTATION = ['augmentation.cts'];
const BESIDE_TYPES_WS = ['beside-types-ws.cts'];
const ALONE = [...ADDITIONS, ...AUGMENTATION, ...BESIDE_TYPES_WS];

describe('The programs written for ws', () => {
  it('are valid for @types/ws as CommonJS', () => {
    const mapped = path.join(WS_TYPES, 'index.d.ts');
    compile(programs('.cts'), { paths: { 'ws-rs': [mapped] } });
  });

  it('are valid for @types/ws as ES modules', () => {
    const mapped = path.join(WS_TYPES, 'index.d.mts');
    compile(programs('.mts'), { paths: { 'ws-rs': [mapped] } });
  });

  it('may add members by declaration merging', () => {
    const mapped = path.join(WS_TYPES, 'index.d.ts');
    compile(AUGMENTATION, { paths: { 'ws-rs': [mapped] } });
    compile(AUGMENTATION);
  });

  it('compile against ws-rs', () => {
    compile([...programs('.cts'), ...programs('.mts')]);
  });

  it('compile against ws-rs with the module resolution of older compilers', () => {
    compile(
      ['events.cts', 'import-require.cts', 'import-star.cts', 'options.cts'],
      {
        esModuleInterop: false,
        module: ts.ModuleKind.CommonJS,
        moduleResolution: ts.ModuleResolutionKind.Node10,
        paths: { 'ws-rs': [path.join(ROOT, 'index.d.ts')] }
      }
    );
  });
});

describe('The declarations', () => {
  it('describe what ws 8.20 to 8.23 added', () => {
    compile(ADDITIONS);
  });

  it('fit functions that are declared with @types/ws', () => {
    compile(BESIDE_TYPES_WS);
  });

  it('name every export of the CommonJS entry and of the ES module', async () => {
    const required = Object.keys(require('..'));
    const imported = Object.keys(await import('ws-rs'));

    assert.deepStrictEqual(
      missing([...required, 'prototype'], 'index.d.ts'),
      []
    );
    assert.deepStrictEqual(missing(imported, 'wrapper.d.mts'), []);
  });
});

function programs(extension) {
  return fs
    .readdirSync(PROGRAMS)
    .filter((name) => name.endsWith(extension))
    .filter((name) => !ALONE.includes(name));
}

// Fails with the compiler's own report; an unused @ts-expect-error is one too.
function compile(names, overrides = {}) {
  assert.notStrictEqual(names.length, 0);

  const config = ts.readConfigFile(
    path.join(PROGRAMS, 'tsconfig.json'),
    ts.sys.readFile
  ).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, PROGRAMS);
  const files = names.map((name) => path.join(PROGRAMS, name));
  const program = ts.createProgram(files, { ...options, ...overrides });
  const report = ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => '\n'
  });

  assert.strictEqual(report, '');
}

// The names among `names` that a declaration file does not export.
function missing(names, file) {
  const entry = path.join(ROOT, file);
  const program = ts.createProgram([entry], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node']
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  const exported = new Set(
    checker.getExportsOfModule(module).map((symbol) => symbol.name)
  );

  return names.filter((name) => !exported.has(name));
}
