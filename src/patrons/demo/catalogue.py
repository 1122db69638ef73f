"""What the simulated shop sells: invented products, some popular and most not, some only in their season."""

import numpy as np
import pandas as pd

HOME = "Netherlands"  # where the shop is
SEASONS = {"": range(1, 13), "Christmas": (10, 11, 12), "spring": (3, 4), "summer": (5, 6, 7)}
# fmt: off
GOODS = (  # season, materials, things with their typical price in euro
    ("", "Enamel Stoneware Bamboo Glass", {"mug": 7, "bowl": 9, "plate": 8, "jug": 15, "teapot": 23, "egg cup": 3}),
    ("", "Linen Cotton Wool", {"tea towel": 6, "cushion": 19, "apron": 17, "throw": 36, "napkins": 8, "tote bag": 7}),
    ("", "Kraft Marbled Recycled", {"notebook": 5, "gift wrap": 2, "cards": 4, "ribbon": 1.5, "box": 3, "labels": 2}),
    ("", "Oak Beech Walnut", {"tray": 21, "board": 18, "frame": 12, "hook rail": 24, "stool": 46, "spoon": 4}),
    ("", "Brass Iron Zinc", {"candle holder": 8, "lantern": 22, "bell": 4, "planter": 14, "hook": 3, "doorstop": 11}),
    ("Christmas", "Felt Glass Straw Wooden", {"bauble": 2, "star": 3, "angel": 4, "garland": 9, "wreath": 16}),
    ("spring", "Willow Painted Porcelain", {"egg": 2, "hare": 6, "nest": 5, "basket": 11}),
    ("summer", "Rattan Canvas Striped", {"picnic basket": 29, "parasol": 38, "fan": 5, "lunch bag": 9, "bunting": 6}),
)
# fmt: on
COLOURS = ("sage", "cream", "navy", "rust", "ochre", "slate", "rose", "mint", "plum", "sand", "charcoal", "sky")
SIZE = 1500


def products(rng: np.random.Generator) -> pd.DataFrame:
    """One row per product, the most popular first."""
    rows = [
        (season, f"{material} {thing}, {colour}", price)
        for season, materials, things in GOODS
        for material in materials.split()
        for thing, price in things.items()
        for colour in COLOURS
    ]
    table = pd.DataFrame(rows, columns=["season", "description", "price"]).sample(SIZE, random_state=rng)
    price = np.ceil(table["price"] * rng.lognormal(0, 0.25, SIZE) * 2) / 2 - 0.05  # 1.95, 2.45, ...
    codes = 20_000 + np.sort(rng.choice(70_000, SIZE, replace=False))
    popularity = 1 / (np.arange(SIZE) + 15.0) ** 0.9
    return table.assign(price=price, product_id=rng.permutation(codes).astype(str), popularity=popularity)


def shelf(products: pd.DataFrame, month: int, thrift: float) -> np.ndarray:
    """Cumulated demand in a month before each product, and after the last: for what is popular, cheap, in season."""
    in_season = np.where([month in SEASONS[season] for season in products["season"]], 1.0, 0.06)
    boost = np.where(products["season"] == "", 1.0, 4.0)
    weight = products["popularity"] * products["price"] ** -thrift * in_season * boost
    return np.append(0.0, weight.cumsum())
