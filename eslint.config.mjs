import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: {...globals.browser, odoo: "readonly", luxon: "readonly"},
    },
    linterOptions: {reportUnusedDisableDirectives: "error"},
    rules: {
      "array-callback-return": "error",
      "block-scoped-var": "error",
      "consistent-return": "error",
      curly: ["error", "multi-line"],
      "default-case-last": "error",
      "dot-notation": "error",
      eqeqeq: "error",
      "no-await-in-loop": "off",
      "no-console": ["error", {allow: ["warn", "error"]}],
      "no-constant-binary-expression": "error",
      "no-else-return": "error",
      "no-eval": "error",
      "no-extend-native": "error",
      "no-implied-eval": "error",
      "no-lonely-if": "error",
      "no-new-func": "error",
      "no-promise-executor-return": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "TemplateLiteral TemplateLiteral",
          message: "Odoo's minifier takes the spaces out of a template inside a template.",
        },
        ...["", "AwaitExpression > "].map((awaited) => ({
          selector: `:matches(Property, MethodDefinition)[key.name!=/^(setup|initState)$/] > FunctionExpression ExpressionStatement > ${awaited}CallExpression[callee.object.type="Super"]`,
          message:
            "What the method of Odoo returns is for whoever calls it, and other addons' overrides.",
        })),
      ],
      "no-return-assign": "error",
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unneeded-ternary": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": ["error", {argsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_"}],
      "no-use-before-define": ["error", {functions: false}],
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      radix: "error",
    },
  },
];
