// Starts the console.
import { render } from "preact";
import "./styles/index.css";
import { App } from "./ui/app";

const root = document.getElementById("app");
if (root) render(<App />, root);
