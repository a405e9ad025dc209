'use strict';

const js = require('@eslint/js');
const globals = require('globals');

/** What test runners replace, or take away. */
const FAKED = [
  'Date',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout'
];

/** What programs take away that want to be the same each time. */
const WEAK = ['FinalizationRegistry', 'WeakRef'];

module.exports = [
  {
    ignores: [
      '**/node_modules/',
      '**/target/',
      '.cache/',
      'coverage/',
      // The compiler checks declarations and the programs against them.
      '**/*.{ts,mts,cts}'
    ]
  },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: {
      ecmaVersion: 2023,
      globals: globals.node,
      sourceType: 'commonjs'
    }
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      ecmaVersion: 2023,
      globals: globals.node,
      sourceType: 'module'
    }
  },
  {
    files: ['__test__/ecosystem/jest/**'],
    languageOptions: { globals: { ...globals.jest, window: 'readonly' } }
  },
  {
    files: ['__test__/ecosystem/runtimes/**'],
    languageOptions: { globals: { Bun: 'readonly', Deno: 'readonly' } }
  },
  {
    files: ['examples/**/public/**', 'docs/**/*.js'],
    languageOptions: { globals: globals.browser, sourceType: 'module' }
  },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
      'no-unused-vars': [
        'error',
        { args: 'none', caughtErrors: 'none', ignoreRestSiblings: true }
      ],
      'no-var': 'error',
      'prefer-const': 'error'
    }
  },
  {
    files: ['**/*.js'],
    ignores: ['examples/**/public/**', 'docs/**/*.js'],
    rules: { strict: ['error', 'global'] }
  },
  {
    // What is loaded into a user's program prints nothing.
    files: ['lib/**', '*.js'],
    rules: { 'no-console': 'error' }
  },
  {
    // Messages move whatever a test runner has done to timers.
    files: ['lib/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...FAKED.map((name) => ({ name, message: 'Use lib/timers.js.' })),
        ...WEAK.map((name) => ({ name, message: 'Use lib/weak.js.' }))
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'nextTick',
          message: 'Use lib/timers.js.'
        }
      ]
    }
  }
];
