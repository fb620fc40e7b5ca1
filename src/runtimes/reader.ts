/** The program of the processes that read files for a server or a command; they speak with it over their channel. */
import { randomUUID } from "node:crypto";
import { createSpool } from "../adapters/embedded/spool.ts";
import { serveReader } from "../loading/reader-child.ts";

serveReader((folder) => createSpool(folder, randomUUID));
