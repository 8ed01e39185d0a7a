// What a page looks like in its window; called by browser.py.
async () => {
    const shown = element => element.offsetParent !== null;
    const article = document.querySelector("article");
    const wide = [...article.querySelectorAll("pre > code")].filter(shown)
        .filter(code => code.scrollWidth > code.clientWidth + 1)
        .map(code => {
            const lines = code.innerText.split("\n");
            return lines.reduce((a, b) => b.length > a.length ? b : a, "").slice(0, 60);
        });
    const broken = [...article.querySelectorAll("td code")].filter(shown)
        .filter(code => !/\s/.test(code.innerText.trim()) && code.getClientRects().length > 1)
        .map(code => code.innerText);
    const slashed = [...article.querySelectorAll("td")].filter(shown)
        .filter(cell => cell.innerText.includes("\\|")).map(cell => cell.innerText);
    const pictures = [];
    for (const image of [...article.querySelectorAll("img[src$='.svg']")].filter(shown)) {
        const text = await (await fetch(image.src)).text();
        const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
        const box = (svg.getAttribute("viewBox") || "").split(/\s+/)[2];
        const whole = Number(box || svg.getAttribute("width"));
        const sizes = [...text.matchAll(/font-size[:="\s]+([\d.]+)/g)].map(found => Number(found[1]));
        const scale = image.getBoundingClientRect().width / whole;
        pictures.push([image.getAttribute("src"), Math.min(...sizes) * scale]);
    }
    const outside = [...article.querySelectorAll("*")].filter(shown)
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .filter(one => !one.closest(".md-typeset__scrollwrap, pre, p:has(> img)"))
        .map(one => one.tagName.toLowerCase() + " " + one.innerText.slice(0, 40));
    const listed = document.querySelector(".md-nav--primary .md-nav__link--active");
    const lost = listed !== null && document.querySelector(".md-footer__link") === null;
    const over = document.documentElement.scrollWidth - innerWidth;
    return {wide, broken, slashed, pictures, outside, lost, over};
}
