# ruff: noqa: RUF001 - letters of other scripts look like Latin ones
"""The few words of large languages that tell more, or less, of a sentence than others do.

A language that is not here is matched by all its words alike.
"""

from collections.abc import Mapping


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _map(pairs: str) -> dict[str, str]:
    return {word: meant for word, _, meant in (pair.partition("=") for pair in pairs.split())}


def _opposites(pairs: str) -> dict[str, frozenset[str]]:
    """Read a line for each pair; one that is indented goes on with the line before."""
    found: dict[str, frozenset[str]] = {}
    for line in pairs.replace("\n  ", " ").strip().splitlines():
        one, _, other = line.partition("/")
        for side, against in ((one, other), (other, one)):
            for word in side.split():
                found[word] = found.get(word, frozenset()) | _set(against)
    return found


FUNCTION = _set(
    """
    a about according additionally also although am an and any are article as at based be because
    been being between but by can context could described describes did do document documents does
    finally for from furthermore had has have he her here hers him his how however i if in include
    included includes including into is it its just may me mentioned mentions might moreover must my
    namely of off on onto or our out over overall own passage per said say says shall she should so
    source sources stated states such text than that the their them then there therefore these they
    this those though through thus to too under upon us via was we were what when where whether
    which while who whom whose will with within would yes you your yours

    aber als also am an auch auf aus bei beim bin bis bist da dabei dadurch daher damit dann darf
    das dass dein dem den denn der deren des dessen die dies diese diesem diesen dieser dieses doch
    dokument dort du durch dürfen ein eine einem einen einer eines er es für gegen gemäss gemäß
    haben hatte hatten hier hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja
    je jede jeder jedes jedoch kann können könnte könnten laut mein mit muss müssen nach neben
    ob oder quelle sein seine seinem seinen seiner seit sich sie sind so soll sollen sowie um und
    uns unser unter vom von vor waren wegen weil welche welcher welches wenn wer werden wie wir
    wird wo worden wurde wurden zu zufolge zum zur zwischen über

    après au aux avec c car ce ceci cela ces cet cette ceux comme d dans de des doit doivent donc du
    elle elles en entre est et eu il ils j l la le les leur leurs lui m ma mais mes mon n ne nos
    notre nous on ont ou oui où par peut peuvent pour pourraient pourrait qu que qui s sa se selon
    ses sont sur t ta te tes texte tu un une vos votre vous y étaient était été être

    al ante como con cual cuando cuya cuyo debe deben del desde documento el ella ellas ellos entre
    era eran es esa ese eso esta este esto está están fue fueron ha había hasta la las le les lo los
    mi muy nos nuestra nuestro o para pero podría podrían por porque puede pueden pues que se según
    ser si sido sobre su sus también texto tu un una uno unos y ya

    agli ai al alla alle anche che chi ci col come con cui da dai dal dalla degli dei del della
    delle deve devono di e ed era erano essere fra gli ha hanno i il in io la le lei li lo loro lui
    ma mi ne nei nel nella o per perché però possono potrebbe potrebbero può questa questo se si sia
    sono sua sugli sul sulla suo suoi tra un uno

    ao aos as até com como da das de dela dele do dos e ela elas ele eles em entre era eram essa
    esse esta este eu foi foram há isso isto já lhe mas na nas no nos o os ou para pela pelo por
    porque que se seu seus sua suas são só também um uma à às é

    aan bij dan dat de deze die dit door een en er had hebben heeft het hij hoe hun ik in is kan
    kunnen maar mag met moet moeten naar of om onder ook op over te tot tussen uit van voor waren
    was wat werd werden wie worden wordt ze zich zij zijn zo

    att av de den dess det detta eller ett från för hans har hon i med men och om på sig sin som
    till var är

    а без был была были было быть в во вот все где да для до его ее если есть её же за и из или им
    их к как ко когда которая которого которой которые который которых ли мы на над но о об он она
    они оно от по под при с со так также то того тоже у что чтобы эта эти это этот
    """
)
"""They join what the others say; those that speak of the source itself are among them. Left out are
some that mean something in another language, as the German ``war``."""

NEGATIONS = _set(
    """
    not no never none nobody nothing neither nor cannot without unable
    nicht kein keine keinem keinen keiner keines nie niemals niemand nichts weder ohne
    pas jamais aucun aucune rien personne sans ni
    no nunca ningún ninguna ninguno nada nadie sin tampoco
    non nessun nessuno nessuna niente nulla senza
    não nenhum nenhuma ninguém sem
    niet geen nooit niemand niets zonder
    inte ingen inget inga aldrig utan ikke ingenting
    не нет ни никогда никто ничего нельзя
    لا لم لن ليس ليست غير لیس
    不 没 沒 無 无 非 未 別 别 否
    ない なか せん せず
    않 없 못
    """
)

HEDGES = _set(
    """
    may might could should possibly perhaps maybe probably allegedly reportedly supposedly
    expected expects expect plan plans planned planning intends proposed proposes propose suggest
    suggests suggested hopes will unless can kann peut puede può pode kan
    claim claims claimed believe believes believed alleges alleged denied denies rumoured
    still yet must shall need needs noch muss müssen soll sollen encore doit doivent todavía aún
    debe deben ancora deve devono ainda nog moet moeten должен должна должны
    nearly almost barely hardly tried tries attempted attempts failed fails wanted wants hoped
    könnte könnten vielleicht möglicherweise vermutlich wahrscheinlich angeblich geplant
    voraussichtlich falls sofern beinahe fast kaum versucht versuchte wollte behauptet behauptete
    glaubt
    pourrait pourraient peut-être probablement prévu prévoit
    podría podrían quizás quizá probablemente previsto prevé
    potrebbe potrebbero forse probabilmente previsto
    poderia poderiam talvez provavelmente
    misschien waarschijnlijk zou
    может могут возможно вероятно планируется
    可能 也许 或许 预计 计划 将会
    """
)
"""A sentence that leaves them out says more than its source."""

OPPOSITES: Mapping[str, frozenset[str]] = _opposites("""
increase increased increases increasing rise rises rose risen rising grow grows grew grown growing
  growth gain gained higher / decrease decreased decreases decreasing fall falls fell fallen falling
  drop dropped drops decline declined declines shrink shrank lower lost reduce reduced reduces
more / less fewer
most / least fewest
maximum / minimum
above / below
before / after
until / since
first / last
up / down
upstream / downstream
approve approved accept accepted grant granted allow allowed permit permitted permits allows /
  reject rejected refuse refused deny denied forbid forbidden prohibit prohibited bans banned
open opened opens / close closed closes
buy bought acquire acquired / sell sold
win won / lose lost
profit / loss
full / empty
true / false
always / rarely seldom
all every / some few several half
north northern / south southern
east eastern / west western
left / right
import imports imported / export exports exported
include includes included including / exclude excludes excluded excluding
early earlier / late later
hot / cold
best / worst
start started starts begin began begins / end ended ends finish finished
must shall required mandatory / may optional voluntary
steigen steigt stieg gestiegen erhöht erhöhte wuchs gewachsen / sinken sinkt sank gesunken fiel
  gefallen gesenkt senkte
mehr / weniger
höchstens maximal / mindestens minimal
vor / nach
erlaubt gestattet zulässig / verboten untersagt unzulässig
genehmigt angenommen / abgelehnt verworfen
oberhalb / unterhalb
alle / einige manche
muss müssen / darf dürfen
augmenté augmente augmentation hausse / diminué diminue diminution baisse
plus / moins
avant / après
ouvert ouverte / fermé fermée
aumentó aumenta aumento subió / disminuyó disminuye disminución bajó
más / menos
antes / después
abierto abierta / cerrado cerrada
aumentato aumenta / diminuito diminuisce
più / meno
prima / dopo
aumentou / diminuiu
mais / menos
до / после
больше более / меньше менее
вырос выросла увеличился / снизился снизилась уменьшился
增长 增加 上升 提高 / 下降 减少 降低 下跌
以上 / 以下
允许 / 禁止
増加 上昇 / 減少 低下 下落
""")
"""For a word, those of which the same is not true. Where one stands in a source and the other in
an answer about it, the answer says something else."""

PREPOSITIONS = _set(
    """
    after at before by during for from in near on since to under until with within
    ab am an auf aus bei bis durch für gegen im in mit nach seit über um unter vom von vor zu
    zum zur
    après au aux avant avec chez dans depuis en par pour à
    con desde en hasta para por tras
    a al alla con da dal dalla in nel nella per
    até com em na no para por
    bij door in met naar om op sinds tot uit van voor
    från i med på till
    в во до за из к на от после при с со
    """
)
"""What they stand before may stand elsewhere in a sentence and say the same."""

COPULAS = _set(
    """
    is are was were ist sind war waren est sont était étaient es son era eran è sono erano
    é são eram is zijn var är
    """
)
"""What they equate may be exchanged."""

AUXILIARIES = COPULAS | _set(
    """
    be been being wird werden wurde wurden worden été être fue fueron sido ser fu furono stato
    stata stati foi foram sido wordt worden werd blev
    """
)
"""They make the passive voice, with the names of agents."""

AGENTS = _set("by durch von par por pelo pela dal dalla door av")
"""They come before who did what was done."""

CONJUNCTIONS = _set("and but or und aber oder et mais ou y pero ma och men и но а или maar")
"""They part what is said from what is said next."""

NUMBER_WORDS = _map("""
two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12
zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwölf=12
""")
"""Only those that are no other word in another language."""

SYMBOLS = _map("""
percent=% prozent=% procent=% porcento=%
euro=€ euros=€ eur=€ dollar=$ dollars=$ usd=$
""")
"""What a word is also written as."""
