/** Loaded by every page of somebody who is signed in. */

import { revealControls } from "./dom.js";
import { keepMenusTidy } from "./menu.js";
import { tellWhenOffline } from "./network.js";
import { offerThemes } from "./theme.js";
import { showTimes, tellZone } from "./times.js";
import { adoptToasts } from "./toast.js";

revealControls(document);
keepMenusTidy();
tellWhenOffline();
offerThemes();
tellZone();
showTimes(document);
adoptToasts();
