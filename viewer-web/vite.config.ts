import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const LOADER = "@cornerstonejs/dicom-image-loader > @cornerstonejs/";
const SERVICE = process.env["DICS_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  // Absolute, so that a nested route such as /viewer/patients/… finds its assets.
  base: "/viewer/",
  resolve: { alias: { xmlbuilder2: fileURLToPath(new URL("src/stubs/xmlbuilder2.ts", import.meta.url)) } },
  worker: { format: "es" },
  optimizeDeps: {
    // The development server only: the decoders are CommonJS inside an ES module.
    exclude: ["@cornerstonejs/dicom-image-loader"],
    include: [
      "dicom-parser",
      `${LOADER}codec-charls/decodewasmjs`,
      `${LOADER}codec-openjpeg/decodewasmjs`,
      `${LOADER}codec-libjxl/decodewasmjs`,
      `${LOADER}codec-libjpeg-turbo-8bit/decodewasmjs`,
      `${LOADER}codec-openjph/wasmjs`,
    ],
  },
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 6000 },
  server: { proxy: { "/api": SERVICE, "/dicom-web": SERVICE } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "happy-dom" },
});
