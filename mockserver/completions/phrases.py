"""The phrases that answers are made of, by language: any subject goes with any predicate and any tail.

Subjects are singular and in the nominative, predicates in the third person with all their objects, so that no ending depends on
another slot. `{}` stands for a word of the prompt.
"""

from msgspec import Struct


class Language(Struct, frozen=True, gc=False):
    """One language. A pattern joins slots to a sentence; `space` stands between sentences."""

    space: str
    patterns: tuple[str, ...]
    thoughts: tuple[str, ...]
    subjects: tuple[str, ...]
    predicates: tuple[str, ...]
    tails: tuple[str, ...]
    topics: tuple[str, ...]  # when the prompt has no word to take up


_LATIN = (
    "{subject} {predicate} {tail}.",
    "{subject} {predicate}.",
    "{subject} {predicate}, {tail}.",
    "{subject} {predicate}; {subject2} {predicate2}.",
    "{subject} {predicate} – {tail}.",
)

LANGUAGES: dict[str, Language] = {
    "en": Language(
        " ",
        (*_LATIN, "In short, {subject} {predicate}.", "Even so, {subject} {predicate} {tail}."),
        (
            "The question is about {topic}, so {subject} matters first.",
            "Let me see how {subject} {predicate}.",
            "One could object that {subject} {predicate} {tail}.",
            "I should mention {topic} before anything else.",
            "That seems right: {subject} {predicate}.",
        ),
        (
            "the idea behind {}", "the history of {}", "a closer look at {}", "every part of {}", "the usual view of {}",
            "a careful reader", "the first step", "an ordinary morning", "the whole picture", "a small example",
            "the surrounding context", "the practical side of {}", "a patient observer", "the quiet work behind {}",
        ),
        (
            "shows how much depends on {}", "leaves room for a second opinion", "brings {} into focus",
            "changes more slowly than expected", "rests on a few plain habits", "asks for time and attention",
            "connects {} with everyday life", "explains why opinions differ", "becomes clearer with practice",
            "rewards those who look twice", "turns a vague plan into something useful", "keeps {} within reach",
        ),
        (
            "from the very beginning", "once the details are known", "in most cases", "without any great effort",
            "as many people have noticed", "when conditions allow it", "even on a busy day", "over the course of a year",
            "especially where {} is concerned", "at least at first sight",
        ),
        ("the matter", "this subject"),
    ),
    "zh": Language(
        "",
        (
            "{subject}{predicate}，{tail}。", "{subject}{predicate}。", "{tail}，{subject}{predicate}。",
            "{subject}{predicate}，而{subject2}{predicate2}。", "换句话说，{subject}{predicate}。",
        ),
        (
            "这个问题与{topic}有关，先看{subject}。", "需要想一想{subject}是否{predicate}。", "也许{tail}，{subject}{predicate}。",
            "回答里应当提到{topic}。", "这样看来，{subject}{predicate}。",
        ),
        (
            "关于{}的讨论", "{}的来历", "一个细心的读者", "清晨的街道", "{}背后的道理", "最初的想法", "眼前的景象", "{}本身",
            "一个小小的例子", "人们对{}的看法", "平常的日子", "这段经历",
        ),
        (
            "让人重新认识{}", "往往比想象中更复杂", "需要时间慢慢理解", "把{}和生活联系在一起", "说明了细节的重要",
            "留下了许多思考的余地", "给人安静而温暖的感觉", "离不开长期的积累", "正在悄悄改变", "为{}打开了新的方向",
        ),
        (
            "从一开始就是如此", "在大多数情况下", "随着时间的推移", "如果仔细观察", "尤其是谈到{}的时候", "哪怕只是很小的一步",
            "正如许多人所说", "到了傍晚时分",
        ),
        ("这件事", "这个话题"),
    ),
    "ja": Language(
        "",
        (
            "{subject}は{predicate}。", "{tail}、{subject}は{predicate}。", "つまり、{subject}は{predicate}。",
            "{subject}は{predicate}。一方で、{subject2}は{predicate2}。",
        ),
        (
            "質問は{topic}についてなので、まず{subject}を考えます。", "{tail}、{subject}は{predicate}。",
            "答えでは{topic}に触れるべきです。", "おそらく{subject}は{predicate}。",
        ),
        ("{}の背景", "{}についての考え方", "最初の一歩", "静かな朝の風景", "{}そのもの", "小さな例", "毎日の習慣", "{}を支える仕組み"),
        (
            "思ったよりも奥が深いものです", "{}を身近にしてくれます", "少しずつ変わっていきます", "細かい点の大切さを教えてくれます",
            "{}と暮らしを結びつけます", "時間をかけて理解する価値があります", "新しい見方を与えてくれます",
        ),
        ("多くの場合", "よく見ると", "時間がたつにつれて", "{}に関して言えば", "初めのうちは", "多くの人が言うように"),
        ("この話題", "このこと"),
    ),
    "ko": Language(
        " ",
        (
            "{subject} 역시 {predicate}.", "{tail} {subject} 또한 {predicate}.", "다시 말해 {subject} 자체가 {predicate}.",
            "{subject} 역시 {predicate}. 그리고 {subject2} 또한 {predicate2}.",
        ),
        (
            "질문의 주제: {topic}. 먼저 {subject}부터 생각해 봅니다.", "{tail} {subject} 역시 {predicate}.",
            "답변에는 {topic} 이야기가 들어가야 합니다.",
        ),
        ("{}의 배경", "{}에 대한 생각", "첫걸음", "조용한 아침 풍경", "작은 예시", "매일의 습관", "{}의 의미", "꼼꼼한 관찰"),
        (
            "생각보다 깊은 의미를 지닙니다", "천천히 달라지고 있습니다", "세부 사항의 중요성을 보여 줍니다", "{}에 가까이 다가가게 합니다",
            "시간을 들여 이해할 가치가 있습니다", "새로운 시각을 열어 줍니다", "일상과 이어져 있습니다",
        ),
        ("대부분의 경우", "자세히 살펴보면", "시간이 지나면서", "{}에 관해서라면", "처음에는", "많은 사람이 말하듯이"),
        ("이 주제", "이 문제"),
    ),
    "es": Language(
        " ",
        (*_LATIN, "En resumen, {subject} {predicate}.", "Aun así, {subject} {predicate} {tail}."),
        (
            "La pregunta trata de {topic}, así que primero importa {subject}.", "Quizá {subject} {predicate} {tail}.",
            "Conviene mencionar {topic} antes que nada.", "Parece correcto: {subject} {predicate}.",
        ),
        (
            "la idea de {}", "la historia de {}", "una mirada atenta a {}", "el primer paso", "una mañana cualquiera",
            "un ejemplo pequeño", "el lado práctico de {}", "quien observa con paciencia", "el trabajo callado detrás de {}",
        ),
        (
            "muestra cuánto depende de {}", "cambia más despacio de lo esperado", "pide tiempo y atención", "acerca {} a la vida diaria",
            "explica por qué hay opiniones distintas", "se aclara con la práctica", "deja espacio para otra opinión",
        ),
        (
            "desde el principio", "en la mayoría de los casos", "sin gran esfuerzo", "a lo largo del año", "cuando se conocen los detalles",
            "sobre todo al hablar de {}", "al menos a primera vista",
        ),
        ("el asunto", "este tema"),
    ),
    "fr": Language(
        " ",
        (*_LATIN, "En somme, {subject} {predicate}.", "Pourtant, {subject} {predicate} {tail}."),
        (
            "La question porte sur le sujet suivant : {topic}. D'abord, {subject} compte.", "Peut-être que {subject} {predicate} {tail}.",
            "Il faut mentionner {topic} avant tout.", "Cela semble juste : {subject} {predicate}.",
        ),
        (
            "l'idée derrière {}", "un regard attentif sur {}", "le premier pas", "un matin ordinaire", "un petit exemple",
            "le côté pratique du sujet « {} »", "un lecteur patient", "le travail discret autour de {}", "la vue d'ensemble",
        ),
        (
            "montre combien tout repose sur {}", "change plus lentement que prévu", "demande du temps et de l'attention",
            "rapproche {} de la vie courante", "explique la diversité des avis", "devient plus clair avec la pratique",
            "laisse place à un second avis",
        ),
        (
            "dès le début", "dans la plupart des cas", "sans grand effort", "au fil de l'année", "une fois les détails connus",
            "surtout pour ce qui touche à {}", "du moins à première vue",
        ),
        ("la chose", "ce sujet"),
    ),
    "de": Language(
        " ",
        (*_LATIN, "Kurz gesagt: {subject} {predicate}."),
        (
            "Die Frage betrifft {topic}; zuerst zählt also {subject}.", "Vielleicht stimmt es: {subject} {predicate} {tail}.",
            "Vor allem sollte {topic} erwähnt werden.", "Das scheint richtig: {subject} {predicate}.",
        ),
        (
            "der Gedanke hinter „{}“", "die Geschichte rund um {}", "ein genauer Blick auf {}", "der erste Schritt",
            "ein gewöhnlicher Morgen", "ein kleines Beispiel", "die praktische Seite von {}", "das ganze Bild",
            "die stille Arbeit an {}",
        ),
        (
            "zeigt die Bedeutung von {}", "wandelt sich langsamer als erwartet", "braucht Zeit und Aufmerksamkeit",
            "verbindet {} mit dem Alltag", "erklärt die verschiedenen Meinungen", "gewinnt mit der Übung an Klarheit",
            "lässt Raum für eine zweite Meinung",
        ),
        (
            "von Anfang an", "in den meisten Fällen", "ohne große Mühe", "im Laufe eines Jahres", "bei Kenntnis der Einzelheiten",
            "gerade mit Blick auf {}", "zumindest auf den ersten Blick",
        ),
        ("die Sache", "dieses Thema"),
    ),
    "ru": Language(
        " ",
        (*_LATIN, "Иначе говоря, {subject} {predicate}.", "И всё же {subject} {predicate} {tail}."),
        (
            "Вопрос касается темы «{topic}», поэтому сначала важен {subject}.", "Возможно, {subject} {predicate} {tail}.",
            "Стоит упомянуть тему «{topic}» прежде всего.", "Похоже, что {subject} {predicate}.",
        ),
        (
            "смысл слова «{}»", "первый шаг", "внимательный взгляд на тему «{}»", "обычный утренний час", "небольшой пример",
            "спокойный наблюдатель", "общий вид", "разговор на тему «{}»",
        ),
        (
            "меняется медленнее, чем ожидалось", "требует времени и внимания", "объясняет разницу мнений", "становится яснее с опытом",
            "оставляет место для другого мнения", "связывает тему «{}» с повседневной жизнью",
        ),
        (
            "с самого начала", "в большинстве случаев", "без особых усилий", "в течение года", "при знании подробностей",
            "особенно в теме «{}»", "хотя бы на первый взгляд",
        ),
        ("это дело", "этот вопрос"),
    ),
}  # fmt: skip
