// Bundles the pages' styles and scripts into assets/dist, named by the digest of their content.
//
// In: assets/src/pendeen.scss, assets/src/pendeen.js and what they name in node_modules.
// Out: assets/dist/pendeen-DIGEST.css, pendeen-DIGEST.js, icon-DIGEST.svg. The Rust crate
// embeds whatever lies there, so nothing else may be left over from an earlier build.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "assets", "src");
const dist = join(here, "assets", "dist");

const style = sass.compile(join(source, "pendeen.scss"), {
  loadPaths: [here, join(here, "node_modules")],
  style: "compressed",
  quietDeps: true,
});

const script = await esbuild.build({
  entryPoints: [join(source, "pendeen.js")],
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2020",
  write: false,
  legalComments: "none",
});

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
put("pendeen", "css", style.css);
put("pendeen", "js", script.outputFiles[0].text);
put("icon", "svg", readFileSync(join(source, "icon.svg"), "utf8"));

function put(name, extension, text) {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  writeFileSync(join(dist, `${name}-${digest}.${extension}`), text);
  console.log(`assets: ${name}-${digest}.${extension} (${Buffer.byteLength(text)} bytes)`);
}
