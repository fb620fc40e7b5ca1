// Loaded before a server or a function under test, in place of the network: a library that loses its errors. What is lost
// is in the name that is asked for.
globalThis.fetch = (url) => {
  const how = new URL(url).pathname.slice(1);
  if (how === "rejected") void Promise.reject(new Error("nobody awaits this"));
  if (how === "thrown") {
    setImmediate(() => {
      throw new Error("nobody catches this");
    });
  }
  if (how !== "late") return new Promise(() => undefined);
  setTimeout(() => void Promise.reject(new Error("nobody awaits this any more")), 1);
  return Promise.resolve(Response.json({ keys: [] }));
};
