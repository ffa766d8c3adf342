import { createHash } from "node:crypto";
import { type RequestHandler, Router } from "express";
import { sendText } from "../../server/send.ts";
import { icon } from "./icon.ts";
import { script } from "./script.ts";
import { consoleStylesheet } from "./stylesheet.ts";

const assets = [
  { name: "console.css", mediaType: "text/css; charset=utf-8", content: consoleStylesheet },
  { name: "console.js", mediaType: "text/javascript; charset=utf-8", content: script },
  { name: "icon.svg", mediaType: "image/svg+xml", content: icon },
] as const;

/** Changes with the content, so that browsers can keep the files. */
const digest = createHash("sha256")
  .update(assets.map(({ content }) => content).join("\n"))
  .digest("hex")
  .slice(0, 12);

/** Returns the URLs of the stylesheet, the script and the icon. @param base the path of the console */
export function assetUrls(base: string): {
  readonly stylesheet: string;
  readonly script: string;
  readonly icon: string;
} {
  const [style, code, image] = assets.map(({ name }) => `${base}/assets/${name}?v=${digest}`) as [
    string,
    string,
    string,
  ];
  return { stylesheet: style, script: code, icon: image };
}

/** Routes the static files, which are the same for everyone and need no session. */
export function assetRouter(): Router {
  const router = Router();
  for (const { name, mediaType, content } of assets) {
    const send: RequestHandler = (_req, res) => {
      res.setHeader("Cache-Control", "public, max-age=31536000, immutable");
      sendText(res, 200, mediaType, content);
    };
    router.get(`/${name}`, send);
  }
  return router;
}
