"""The words that demonstration books are made of: our own, so that nothing is copied."""

from typing import NamedTuple

# ruff: noqa: SIM905 (a line of words is easier to read and to extend than a list of strings)


class Topic(NamedTuple):
    """A field of knowledge: its name, class and subject heading in both languages."""

    zh: str
    en: str
    clc: str
    ddc: str
    heading: str
    subject: str


TOPICS = tuple(
    Topic(*line.split("|"))
    for line in """
茶文化|tea|TS971.21|394.15|茶文化|Tea--Social aspects
园林|gardens|TU986.62|712|园林艺术|Gardens--Design
古典诗词|classical verse|I207.2|895.11|古典诗歌|Chinese poetry
民间故事|folk tales|I276.3|398.2|民间故事|Tales
航海|seafaring|U675|623.89|航海|Navigation
天文|astronomy|P1|520|天文学|Astronomy
书法|calligraphy|J292.1|745.61|汉字--书法|Calligraphy
中医养生|traditional medicine|R212|613|养生(中医)|Medicine, Chinese
机器学习|machine learning|TP181|006.31|机器学习|Machine learning
数据库|databases|TP311.13|005.74|数据库系统|Database management
城市规划|city planning|TU984|307.12|城市规划|City planning
农村教育|rural schools|G725|370.917|乡村教育|Education, Rural
昆虫|insects|Q96|595.7|昆虫学|Insects
地方志|local history|K29|951|地方志|Local history
丝绸之路|the silk road|K928.6|950|丝绸之路|Silk Road
儿童心理|child psychology|B844.1|155.4|儿童心理学|Child psychology
家常菜|home cooking|TS972.12|641.5|家常菜肴--菜谱|Cooking
摄影|photography|J41|770|摄影艺术|Photography
经济史|economic history|F129|330.9|经济史|Economic history
民法|civil law|D913|346|民法|Civil law
海洋生物|marine life|Q178.53|578.77|海洋生物|Marine biology
水墨画|ink painting|J212|751.4|水墨画|Ink painting
棋艺|board games|G891|794|棋类运动|Board games
戏曲|opera|J82|792.5|戏曲|Operas, Chinese
陶瓷|ceramics|K876.3|738|陶瓷(考古)|Pottery
新能源|renewable energy|TK01|621.042|新能源|Renewable energy
音乐欣赏|music|J605|780|音乐欣赏|Music appreciation
植物图鉴|plants|Q949|581|植物|Plants
乡土小说|village novels|I247.5|895.135|长篇小说|Fiction
科幻小说|science fiction|I247.55|808.838|幻想小说|Science fiction
""".strip().splitlines()
)

PLACES = tuple(
    (zh, en)
    for zh, en in (
        line.split()
        for line in """
江南 Jiangnan|敦煌 Dunhuang|长江 Yangtze|岭南 Lingnan|巴蜀 Sichuan|关中 Guanzhong|徽州 Huizhou|
洞庭 Dongting|太湖 Taihu|秦岭 Qinling|海南 Hainan|塞北 Saibei|重庆 Chongqing|泉州 Quanzhou|
大理 Dali|青海 Qinghai|苏州 Suzhou|长白 Changbai|西域 Xiyu|珠江 Zhujiang
""".replace("\n", "").split("|")
    )
)

ZH_TITLES = """
{topic}入门 {place}{topic} {topic}十讲 漫谈{topic} {place}{topic}史话
{topic}三百问 图说{place}{topic} {topic}基础教程 {place}的{season} {topic}简史
{season}里的{topic} {thing}与{thing2} {place}{thing}录 {thing}下的{place} 从{place}看{topic}
{thing}与{topic} {place}{season}记 {season}，{thing}与{thing2}
{topic}：{place}的经验 {place}{topic}调查
{thing}上的{season} {place}，{thing}与{thing2}
""".split()
ZH_SUBTITLES = (
    "理论与实践 从传统到现代 一个普通人的记录 图文本 写给青少年的书 调查与思考 选编".split()
)
EN_TITLES = (
    """
An introduction to {topic}|The {adjective} book of {topic}|{topic} in {place}|Notes on {topic}
A short history of {topic} in {place}|{topic} for beginners|The {adjective} {thing}
{season} in {place}|The {thing} and the {thing2}|A {adjective} guide to {topic}
{topic} and the {adjective} {thing}|From {place} to {place2}|{season} with a {adjective} {thing}
""".strip()
    .replace("\n", "|")
    .split("|")
)
EN_SUBTITLES = (
    """
theory and practice|from tradition to the present|a reader's companion|an illustrated guide
selected essays|a field study
""".strip()
    .replace("\n", "|")
    .split("|")
)
SEASONS = (("春天", "Spring"), ("盛夏", "Summer"), ("秋声", "Autumn"), ("冬夜", "Winter nights"))
THINGS = tuple(
    (zh, en.replace("-", " "))
    for zh, en in (
        pair.split()
        for pair in """
灯火 lantern|石桥 stone-bridge|渡口 ferry|白鹭 egret|古井 old-well|风筝 kite|竹林 bamboo-grove
钟楼 bell-tower|雪山 snow-mountain|邮差 postman|棉田 cotton-field|老街 old-street|月光 moonlight
麦浪 wheat-field|铁匠 blacksmith
""".strip()
        .replace("\n", "|")
        .split("|")
    )
)
ADJECTIVES = "quiet practical little forgotten complete patient open wandering".split()

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
    "程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜"
)
GIVEN = (
    "文明华国平志伟建军海燕晓东春梅玉兰思远若水清源子墨雨桐嘉树怀瑾"
    "一诺书瑶承泽静姝景行云舟望舒知秋慕白"
)
EN_SURNAMES = "Archer Bell Calder Dunmore Ellery Farrow Galt Harlow Ives Jessop Kerrigan".split()
EN_GIVEN = "Alice Bernard Clara Daniel Edith Frank Grace Henry Ida Julian Laura Martin".split()

PUBLISHERS = (
    ("北京", "晴川书局"),
    ("上海", "浦江文艺出版社"),
    ("广州", "南枝出版社"),
    ("成都", "锦水教育出版社"),
    ("南京", "秦淮科学出版社"),
    ("武汉", "鹤楼人民出版社"),
    ("西安", "雁塔古籍出版社"),
    ("杭州", "西泠少年儿童出版社"),
)
EN_PUBLISHERS = (
    ("London", "Harbour Lane Press"),
    ("New York", "Tern & Field"),
    ("Leeds", "Millstone Books"),
    ("Boston", "Granite Row"),
    ("Edinburgh", "Northgate University Press"),
)
SERIES = ("乡土文库", "百科小丛书", "青年自学丛书", "学人随笔", "名物图谱")
EN_SERIES = ("Field notes", "The open shelf", "Studies in everyday life")
