"""Draw names of invented people, in the scripts and spellings that school rosters have."""

# ruff: noqa: RUF001 - look-alike letters of other scripts are what these lists are for

import unicodedata
from dataclasses import dataclass
from itertools import accumulate
from random import Random


@dataclass(frozen=True)
class NamePool:
    """First and last names of one origin, and the share of people with such names, in percent."""

    share: int
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]


def _pool(share: int, firsts: str, lasts: str) -> NamePool:
    """Return a pool from names that `|` separates."""
    return NamePool(share, tuple(firsts.split("|")), tuple(lasts.split("|")))


POOLS = (
    _pool(
        34,
        "Ava|Noah|Emma|Liam|Mia|Ethan|Grace|Owen|Ruby|Caleb|Hazel|Wyatt|Mary Ann|J.T.|Anne-Marie|D'Andre"
        "|Ja'Mya|De'Shawn",
        "Adams|Baker|Carter|Dawson|Ellis|Foster|Greene|Hayes|Irwin|Jenkins|Knox|Lowell|Mercer|Norris|Parker|Reed"
        "|Smith-Jones|O'Neil|O’Brien|McAllister|St. James|Van Horn|Washington Jr.|Sutton III|Ng|O",
    ),
    _pool(
        20,
        "José|María|Ángel|Sofía|Íñigo|Begoña|Jesús|Lucía|Andrés|Ximena|Raúl|Belén|Joaquín|Nuria|María José",
        "Núñez|Peña|García|Muñoz|Ibáñez|Ordóñez|de la Cruz|del Río|Vélez|Güell|Castañeda|García Márquez|Peña-Ortiz",
    ),
    _pool(
        6,
        "Zoë|François|Chloé|Agnès|Benoît|Gaël|Håkon|Søren|Jürgen|Björn|Åsa|Þóra|Jean-Luc|Ægir",
        "Lefèvre|Gauthier|Müller|Groß|Sørensen|Ångström|Kjær|Þórsson|van der Berg|d'Aubigné|L'Heureux|Lœb",
    ),
    _pool(
        5,
        "Łukasz|Małgorzata|Jiří|Žofie|Čeněk|Şebnem|İpek|Gökçe|Ștefan|Jānis|Ķeira|Đorđe|Željka|Ágnes|Örs",
        "Wójcik|Dvořák|Šťastný|Kowalczyk-Nowak|Yıldız|Öztürk|Ionescu|Bērziņš|Đurić|Žižka|Kovács|Szűcs|Łoś",
    ),
    _pool(
        8,
        "Thảo|Dũng|Ngọc Ánh|Phượng|Quỳnh|Đức|Hạnh|Minh Châu|Tường Vi|Ý",
        "Nguyễn|Trần|Lê|Phạm|Huỳnh|Võ|Đặng|Bùi|Đỗ|Hồ",
    ),
    _pool(
        4,
        "Kaʻiulani|Keoni|Leilani|Noʻeau|Māhealani|Ikaika|Hōkū|Nālani|Tāne|Sālote",
        "Kaʻahumanu|Kealoha|Kānaʻe|Māhoe|Kalākaua|Nāone|ʻŌpūnui|Waiʻaleʻale|Tūhoe|Faʻalogo",
    ),
    _pool(
        4,
        "Анна|Дмитрий|Оксана|Ярослав|Алёна|Юрий|Ђорђе|Їжак|Мар'яна|Ілля",
        "Иванова|Кузнецов|Щербак|Ткаченко|Соловьёв|Ющенко|Петровић|Римський-Корсак",
    ),
    _pool(
        4,
        "محمد|فاطمة|ليلى|يوسف|عبد الرحمن|زينب|مریم|پریسا|שירה|נועם|יעל",
        "الحسن|بن علي|العبد الله|حدّاد|کریمی|گلزاری|כהן|בן־דוד|לוי",
    ),
    _pool(4, "伟|芳|小明|欣怡|宇航|美玲|子涵|志強|雅婷", "王|李|张|欧阳|陳|劉|黃|司馬|𠮷田"),
    _pool(3, "さくら|太郎|ハルカ|陽菜|민준|서연|지우|하은", "佐藤|鈴木|髙橋|渡邊|김|이|박|남궁"),
    _pool(
        3,
        "अनन्या|आरव|प्रिया|விஜய்|மீனா|ਗੁਰਪ੍ਰੀਤ|আয়েশা|สมชาย|มาลี|ሰላም|სანდრო|Άννα",
        "शर्मा|सिंह|குமார்|ਸਿੰਘ|চৌধুরী|ใจดี|ተስፋዬ|ბერიძე|Παπαδοπούλου|Հակոբյան",
    ),
    _pool(
        5,
        "N’Diaye|Chukwuemeka|Ọlá|Adébáyọ̀|Nkechi|!Xóõ|Aïssatou|Wanjikũ|Ngũgĩ|Thandiwe",
        "Okonkwo|Adéyẹmí|Diallo|N'Dour|Ọbaseki|Traoré|wa Mũthoni|Ndlovu-Mbeki|Wolfeschlegelsteinhausenbergerdorff",
    ),
)
_LIMITS = tuple(accumulate(pool.share for pool in POOLS))
_MIDDLES = "ABCDEFGHJKLMNPRSTW"


def draw_name(rng: Random) -> dict[str, str]:
    """Return a Clever `name` with a first and a last name of one pool, and sometimes a middle initial."""
    mark = rng.random() * _LIMITS[-1]
    pool = next(pool for pool, limit in zip(POOLS, _LIMITS, strict=True) if mark < limit)
    name = {"first": rng.choice(pool.firsts), "last": rng.choice(pool.lasts)}
    if rng.random() < 0.4:
        name["middle"] = rng.choice(_MIDDLES)
    if rng.random() < 0.005:
        # Some systems store the same letters as other code points.
        name = {part: unicodedata.normalize("NFD", text) for part, text in name.items()}
    return name


def ascii_letters(text: str) -> str:
    """Return the ASCII letters of a name in lower case. The result is empty for most other scripts."""
    folded = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in folded if "a" <= letter <= "z")
