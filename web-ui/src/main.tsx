import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./styles/pages/every.css";
import "./styles/pages/overview.css";
import "./styles/pages/lists.css";
import "./styles/pages/claim.css";
import "./styles/pages/chat.css";
import "./styles/pages/storage.css";
import "./styles/pages/updates.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
