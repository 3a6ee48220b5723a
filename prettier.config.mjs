// The OCA's settings, with somewhat longer lines.
export default {
  plugins: [import.meta.resolve("@prettier/plugin-xml")],
  bracketSpacing: false,
  printWidth: 100,
  proseWrap: "always",
  semi: true,
  trailingComma: "es5",
  // Text in views is part of what is translated.
  xmlWhitespaceSensitivity: "preserve",
};
