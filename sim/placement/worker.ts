/// <reference lib="webworker" />
import { type Job, simulate } from "./simulation.ts";

self.onmessage = ({ data }: MessageEvent<Job>) => self.postMessage(simulate(data));
