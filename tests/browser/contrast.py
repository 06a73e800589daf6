"""How far text stands out from its ground, computed in the page: 4.5 is easy to read."""

# A function of a root and a selector; gives each part's name with its contrast.
CONTRASTS = """(root, selector) => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const ground = (node) => {
        const own = node ? rgba(getComputedStyle(node).backgroundColor) : [255, 255, 255, 1];
        return own[3] === 1 ? own : over(own, ground(node.parentElement));
    };
    const light = (colour) => {
        const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = colour.map((v) => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const seen = [...root.querySelectorAll(selector)].filter((node) => node.checkVisibility());
    return seen.map((node) => {
        const below = ground(node);
        const ink = over(rgba(getComputedStyle(node).color), below);
        const [high, low] = [light(ink), light(below)].sort((a, b) => b - a);
        const name = `${node.className || node.tagName}: ${node.textContent.slice(0, 30)}`;
        return [name, (high + 0.05) / (low + 0.05)];
    });
}"""
