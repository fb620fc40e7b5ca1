/** What a load is doing, for people. */
export const LOAD_PHASES = { reading: "Reading", checking: "Checking", storing: "Storing" } as const;
