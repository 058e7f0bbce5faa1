/** On a narrow screen the row of tabs scrolls: begin where the current one can be seen. */

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
