// esbuild would hand Grafana's modules the whole of this package where they ask for its default.
export { Scrollbars as default } from './node_modules/react-custom-scrollbars-2/lib/index.js';
