/** The list of recordings: each module gives it one ability. */

import "../base/copying.js";
import { offerArrows } from "./hits.js";
import { offerCopying } from "./links.js";
import { keepUpToDate } from "./live.js";
import { offerRemoving, offerUndoOfLast } from "./remove.js";
import { offerRenaming } from "./rename.js";
import { offerSearchKey } from "./search.js";
import { offerSelection } from "./selection.js";

offerSearchKey();
offerUndoOfLast();

const list = document.querySelector("[data-list]");
if (list instanceof HTMLFormElement) {
  offerSelection(list);
  offerRemoving(list);
  offerRenaming(list);
  offerCopying(list);
  offerArrows(list);
  keepUpToDate(list);
}
