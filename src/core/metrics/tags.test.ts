import { describe, expect, it } from "vitest";
import { tryParseTags } from "./tags.ts";

describe("tryParseTags", () => {
  it("flattens objects and lists of pairs to strings", () => {
    expect(tryParseTags('{"a": "x", "n": 1, "b": true, "o": {"k":[1]}, "z": null}')).toEqual({
      a: "x",
      n: "1",
      b: "true",
      o: '{"k":[1]}',
    });
    expect(tryParseTags('[{"Key":"env","Value":"prod"},{"key":"a","value":""},{"KEY":"none"}]')).toEqual({
      env: "prod",
      a: "",
    });
    expect(tryParseTags('{"a":"1","a":"2"}')).toEqual({ a: "2" });
    expect(tryParseTags("{}")).toEqual({});
  });

  it.each(["", "env=prod", '"x"', "1", "null", "[1]", '[{"k":"x"}]', "[[]]", '{"a":'])(
    "refuses %j",
    (text) => {
      expect(tryParseTags(text)).toBeUndefined();
    },
  );
});
