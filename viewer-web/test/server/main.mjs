import { startServer } from "./server.mjs";

const { url } = await startServer(Number(process.env.PORT ?? 8099));
console.log(`${url}/viewer/`);
