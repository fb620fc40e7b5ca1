// The side of the Lambda runtime that lives in the function's process: loads the handler, asks the Runtime API for
// invocations, answers them. "Building a custom runtime for AWS Lambda", "Using the Lambda runtime API".
import { request } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const base = "/2018-06-01/runtime";

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, method, path: base + path }, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({ headers: incoming.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const failure = (error) =>
  JSON.stringify({
    errorType: error?.name ?? "Error",
    errorMessage: error?.message ?? String(error),
    trace: String(error?.stack ?? "").split("\n"),
  });

// As the managed runtime does (aws-lambda-nodejs-runtime-interface-client, src/index.mjs), before it loads the function.
let current;
const end = async (name, error, code) => {
  const path = current === undefined ? "/init/error" : `/invocation/${current}/error`;
  await call("POST", path, failure({ name, message: String(error), stack: error?.stack }));
  process.exit(code);
};
process.on("uncaughtException", (error) => void end("Runtime.UncaughtException", error, 129));
process.on("unhandledRejection", (reason) => void end("Runtime.UnhandledPromiseRejection", reason, 128));

let handler;
try {
  const [file, name] = process.env._HANDLER.split(".");
  const module = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href);
  handler = module[name];
  if (typeof handler !== "function") throw new Error(`${process.env._HANDLER} is not a function`);
} catch (error) {
  await call("POST", "/init/error", failure(error));
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call("GET", "/invocation/next");
  const id = headers["lambda-runtime-aws-request-id"];
  current = id;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const context = {
    awsRequestId: id,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    const result = await handler(JSON.parse(body), context);
    await call("POST", `/invocation/${id}/response`, JSON.stringify(result ?? null));
  } catch (error) {
    await call("POST", `/invocation/${id}/error`, failure(error));
  }
}
