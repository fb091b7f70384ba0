"""Common English words, written down for this, and what looks like two of them joined and is one.

`WHOLE` was found by counting: words and names of seven million words of technical English that are two words of these lists by
their letters only, and others of general English.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION = _words("""
    beneath
    about after again against all almost already also although always among and another any are because been before being
    between both but can could did does during each either even every few first for from gave get give got had has have
    her here him his how however into its just know last let like made make many more most much must need neither never
    nor not often one only other our perhaps quite rather said same say see she should since some still such take than
    that the their them then there therefore these they this those though three through too took two until use used using
    very want was well were what when where whether which while who whom whose why will with within without would yet you
    your
""")
"""Words of three letters and more by which sentences are built; few longer words begin or end with one."""

COMMON_WORDS = _words("""
    able about above accept access according account across act action active activity actual actually add address advance
    advice affect after again against age agent ago agree ahead air all allow allowed almost alone along already also
    although always am among amount an analysis ancient and animal announce another answer any anyone anything appear
    apply approach are area argue argument arm army around arrive art article as ask aspect assume at attack attempt
    attention author available average avoid away baby back bad balance ball bank bar base based basic basis battle be
    bear beat beautiful became because become bed been before began begin behavior behaviour behind being believe below
    benefit best better between beyond big bird bit black blood blue board body book born both bottom bought box boy
    branch break bridge brief bright bring broad broke brother brought brown budget bug build building built burn business
    busy but buy by call called came camp can cannot capital car card care careful carefully carry case catch cause cell
    center central century certain certainly chair chance change chapter character charge cheap check chief child children
    choice choose church circle citizen city civil claim class clean clear clearly client climate close club coast code
    coffee cold collect collection college color colour combine come comes comfort command comment common commonly
    community company compare compile complete completely complex component compute computer concept concern condition
    conditions conduct confirm connect connection consider consist constant contain contains content context continue
    contract control convert cook cool copy core corner correct correctly cost could council count country couple courage
    course court cover create created creates critical cross crowd culture cup current currently custom customer cut cycle
    daily damage dance danger dark data database date day days dead deal death debate decade decide decision declare deep
    default define defined definition degree delay deliver demand democracy department depend depends depth describe
    described desert design desire desk despite detail details determine develop developer development device did die
    difference different difficult dinner direct direction directly directory disease distance district do document does
    dog dollar done door double doubt down draw dream dress drink drive driver drop dry due during duty each early earn
    earth ease easily east easy eat economic economy edge edit editor education effect effective effort eight either
    election electric element eleven else email empty enable end ends enemy energy engine enjoy enough ensure enter entire
    entirely entry environment equal equally error errors especially essential establish even evening event events ever
    every everyone everything evidence exact exactly examine example examples except exchange execute exercise exist
    existing exists expect expected experience experiment explain explicit express expression extend extra eye eyes face
    fact factor fail failed failure fair fall false familiar family famous far farm fast father fear feature features feel
    feeling feet fell felt few fewer field fields fight figure file files fill final finally financial find fine finger
    finish fire first fish fit five fix flat floor flow fly focus folder follow following follows food foot for force
    foreign forest forget form format formed former forward found four frame free freedom freely frequent frequently fresh
    friend friendly from front fruit full fully fun function functions fund further future game garden gas gate gather
    gave general generally generate generic get gets give given gives glass global go goal god goes going gold gone good
    got government grand grant graph great green grew ground group grow growing growth guard guess guest guide habit had
    hair half hall hand handle hang happen happens happy harbour hard hardly has hat hate have having he head health hear
    heard heart heat heavy held help helpful hence her here herself high highly hill him himself his history hit hold hole
    home honest hope horse hospital host hot hotel hour hours house how however huge human hundred hung hunt husband ice
    idea ideal identify if ignore ill image imagine immediately impact implement implementation important impossible
    improve in include includes including increase indeed independent index indicate individual industry inform
    information initial input inside install instance instead institution instruction integer intend interest interesting
    interface internal international into introduce invalid invest involve is island issue issues it item items its itself
    job join joint journey judge jump just justice keep keeps kept key keys kid kill kind king kitchen knew know knowledge
    known knows label lack lady lake land language large largely last late later laugh law lay layer lead leader leaf
    learn learning least leave left leg legal length less lesson let letter letters level library lie life light like
    likely limit limited line lines link list listen literally little live local location lock log logic long longer look
    looking looks loop lose loss lost lot love low lower luck lunch machine made magic main mainly maintain major majority
    make makes making man manage manager manner many map mark market marriage mass master match material matter maximum
    may maybe me meal mean meaning means measure media medical meet meeting member memory mental mention menu merely
    message met metal method methods middle might mile military milk mind mine minimum minor minute minutes mirror miss
    missing mistake mix mode model modern modify module moment money month months mood moon moral more moreover morning
    most mostly mother motion mount mountain mouth move movement movie much multiple music must my myself mystery name
    named names narrow nation national native natural naturally nature near nearby nearly necessary neck need needed needs
    negative neighbor neighbour neither nest network never nevertheless new newly news next nice night nine no nobody node
    none nor normal normally north nose not note nothing notice novel now number numbers object objects obtain obvious
    obviously occasion occur occurs ocean odd of off offer office officer official often oil old older on once one ones
    online only onto open operate operation opinion opportunity opposite option optional options or order ordinary
    organization origin original other others otherwise ought our ours out output outside over own owner pack package page
    pages pain paint pair paper paragraph parameter parent park parse part particular particularly parts party pass
    passage passed past path patient pattern pause pay peace people per percent perfect perform performance perhaps period
    permanent permit person personal phase phone photo phrase physical pick picture piece pieces pipe place plain plan
    plane plant plate play player please plenty point points police policy political poor popular population port position
    positive possible possibly post pound power powerful practical practice prefer prepare present president press
    pressure pretty prevent previous previously price primary prime print private probably problem problems proceed
    process produce product production professional program programming programs progress project promise proof proper
    properly property proposal protect protection prove provide provided provides public publish pull purpose push put
    quality quarter question questions queue quick quickly quiet quietly quite race radio rain raise ran range rapid
    rapidly rare rarely rate rather reach react read reader reading ready real reality really reason reasonable reasons
    receive recent recently recognize record red reduce refer reference reflect reform refuse regard region regular
    related relation relationship relative relatively release relevant religious rely remain remember remote remove repeat
    replace reply report represent request require required requires research resource respect respond response
    responsible rest restaurant result results return returned returns review rich ride right rights rise risk river road
    rock role roof room root rough roughly round row rule rules run running runs safe safely safety said sale same sample
    save saw say says scale scene school science scientist scope score sea search season seat second secret section
    security see seed seek seem seemed seems seen select self sell send sense sent separate sequence series serious
    seriously serve server service services session set sets setting settle seven several shall shape share shared sharp
    she sheet shell shift ship shirt shoe shop short should shoulder shout show shown shows side sight sign signal silence
    silent similar similarly simple simply since sing single sister sit site situation six size skill skin sky sleep
    slight slightly slow slowly small smart smile smoke smooth snow so social society soft software soil soldier solid
    solution solve some somebody someone something sometimes somewhat somewhere son song soon sort soul souls sound source
    south space speak special specific specifically specified specify speech speed spend spirit spoke spread spring square
    stable staff stage stand standard star start started starts state statement states static station status stay step
    steps still stock stone stood stop store stored story straight strange stranger stream street strength stress strict
    strike string strings strong structure structures struggle student study stuff style subject succeed success
    successful such sudden suddenly suffer suggest suit sum summer sun supply support supported supports suppose sure
    surface surprise survey switch symbol syntax system systems table take taken takes taking talk tall target task teach
    teacher team technique technology tell tells ten tend term terms test testing tests text than thank that the their
    theirs them themselves then theory there therefore these they thick thin thing things think third thirty this those
    though thought thousand thread three threw through throughout throw thus time times tiny tip to today together told
    tomorrow tone tongue tonight too took tool tools top topic total touch tough toward towards tower town track trade
    tradition traditional traffic train trait transfer transform travel treat tree trial trip trouble truck true truly
    trust truth try trying turn turned turns twelve twenty twice two type types typical typically under understand
    understanding unique unit university unless until unusual up update updated upon upper us usage use used useful user
    users uses using usual usually valid valley value values variable variables variety various vector version versions
    very via victim video view village violent virtual visible visit voice volume vote wait walk wall want wanted wants
    war warm warn was wash waste watch water wave way ways we weak wealth weapon wear weather web week weeks weight
    welcome well went were west what whatever wheel when whenever where whereas wherever whether which while white who
    whole whom whose why wide widely width wife wild will willing win wind window wine wing winter wire wise wish with
    within without woman women won wonder wonderful wood word words work worked worker working works world worry worse
    worth would write writer writes writing written wrong wrote year years yellow yes yesterday yet you young your yours
    yourself youth zero
""")
"""Words that most texts are made of, in the form of the dictionary and some others."""

FURTHER_WORDS = _words("""
    ability abort absolute abstract accessible accidentally accuracy accurate actor actress adapt adaptation adapter
    addition adjust admire agenda aggregate agreement agriculture airport algorithm alias align alignment allocate
    allocation alter alternative alternatively ambassador ambiguous angle annotation anxiety appeal append applicable
    application appropriate approximation arab architecture archive arithmetic array arrays assembly assertion asset
    assign assignment assistant associated async atom attach attribute audience audio automatic automatically aware axis
    background bake bandwidth bare batch beast beginning benchmark bigger biggest bind biology bitter blank block blocks
    bond boolean borrow bound boundary bounds brain brave broadcast broken browser bucket buffer butter button byte cache
    calculate calculation callable camera cancel candidate candle capability capture captured carbon category cathedral
    cavalry certificate chain channel cheese chemistry chicken chord chosen chunk cipher classic clause clever clock clone
    closure cluster collaborate collaboration colony column comma commit committed committee comparison compatibility
    compatible complexity compliance complicated composer compress conclusion concrete conditional confidence config
    configuration conflict consistency consistent consortium constitution constraint construct construction consume
    contiguous continuous contribution contributor controlled convenience convention convergence conversion cookie
    coordinate corporation correlation correspond corresponding cottage crash crate creation creative credential crisp
    crop cumulative curious curl currency cursor damp deadline debt debug decimal decomposition decorator delete delta
    dense density dependencies dependency deprecated derivative derive descriptor destination destroy detect detection
    deviation diagonal dialog dictionary differ digit digital dimension director disable discard discrete disk dispatch
    display distant distinct distribution divide dividend doctor documentation doing domain dough download dropped dual
    dump duplicate duration dusty dynamic dynamically dynasty earlier earthquake easier echo edition efficient electron
    elegant emit emotion empire encode encoding encounter encourage encryption endorse endpoint entity enum envy equality
    equation equivalent escape essay estimate ethics evaluate evaluation evolution exception exclude exclusive exit expand
    expansion experimental explanation exponential export extension external extract factory faint fastest feedback ferry
    fetch fierce fifth filter finite firewall flag fleet float flour fold font fonts formatting formula foundation
    fraction fragile framework freeze frequency functional functionality fundamental furnish gain galaxy garbage garlic
    gene generation generator genetic gentle getting glance glue govern graceful gradient grammar graphics gravity
    greatest grid guarantee guitar harbor hardware harvest hash height hexadecimal hide hierarchy highest highlight
    holiday hollow hook horizontal humidity identical identifier identity illegal implicit implicitly import inclusive
    income incompatible incorporate increment indent indentation indirect infer infinity inflation inherit initialize
    inline inner insert inspire installation institute integral integrate integration intermediate interpolation interpret
    interpreter interval inverse invoice invoke iterate iterator journal kernel kettle keyboard keyword ladder lane
    lantern largest latency latter lawyer layout leak lecture legacy liability license lifetime limitation linear linger
    linguistics literal load loan locale logical login logistics longest lowest luggage lyric macro magnitude manifest
    manual mask mathematical mathematics matrix meadow meant mechanism medicine medieval medium melody merchant merge
    metric migration milestone minimal minimize minister modification molecule monarch monument mortgage mosque motivate
    muscle museum mutable mutex navigate navy nearest necessarily newest notification null numerical nurse nutrition
    objective observation observe occurred oldest omit onion operator optimal optimization optimize orbit orchard
    orchestra organ outcome outline oven overflow overhead overlap overload override overview ownership packet padding pan
    panel panic parallel parliament partial partition passenger password patch patent payload peasant peer pend pending
    permission permitted philosophy physics planet planned plot plugin plus poem poet politics polygon polynomial pool
    portion positional potential potentially precede precise precision predicate preferred prefix preserve preview
    primitive priority probability processor profile promote prompt protein protocol provision proxy psychology publicity
    putting query quit quote rainfall random rank ratio rational readable reasonably rebuild recipe recipient recommend
    recovery recursive recursively redirect reduction redundant referred regardless register registry regression regret
    rehearsal reject remainder rename render repair repeatedly replica repository representation reproduce requirement
    reserved reset resolution resolve respectively responsibility restore restrict restriction retain retrieve retry reuse
    reverse revision revolution rhythm roast rotation router routine runner runtime salary satisfy scalar schema scheme
    screen script scroll secondary segment seldom selection semantic senator shard shiver shortcut shortest shutdown siege
    signature significant simmer simplify singular sitting skip slash slavery slice slowest smallest snapshot snippet
    socket span sparse spatial species specification spell split splitting sprinkle stack stair stakeholder statistic
    statistics statute stopped storage strategy strip strongest struct stumble subsequent substantial substitute
    sufficient suffix sugar suggestion suitable suite summary supplier surgery symbolic symmetric symphony symptom tag
    tail tarball tariff taught tax technical telescope temperature template temple temporary terminal terminate
    termination theater therapist therapy threshold thrown ticket timeout tissue title token tolerance tomato trace
    transferred transformation transition translation transport treatment treaty tremble tribunal trigger trivial tuple
    unchanged unexpected unfortunately uniform union universal unknown unlikely unsafe unused utility validation validity
    vanish variance variant vendor verbose verdict vertical veteran visual vitamin volcano wander warranty weakest website
    whisk whisper workflow wrap yield zone
""")
"""Words of general and technical prose that are less common, in the form of the dictionary."""

WHOLE = _words("""
    familiaris
    aboutface absinthe abstractmethod abstractmethods acceptability actionable activestate addressof aexit aftereffect
    afterlife aftersyntax afterthought alexandrof alignof alla allan allclose alldata allequal allfiles allkeys alllinks
    allman alltests allwine aloof alreadysorted aman amin amit amon amused anand anas anbe ando anno annot anon
    anotherpackage anothertest anybody anyhow anymore anyname anyobject anyorder anyplace anytime anyway anyways anywhere
    applytype arabas argwhere armand artis asan asarray asin asis asit asmatrix aspell astuple asus atan atexit atof
    atto automake baris barto bathe beam befor beforehand behave behoof berthe bitand bitnor bitnot bitscan blackwell
    blithe blythe bothersome breathe broadcastability buglet buildingsite bulletproof businesslike businessman butland
    cancelled cancelling candid canon cantos canup caseonly catchall childlike christof closefrom closepyobjfrom clothe
    collectonly commenthandling commenthelp commentline commentstring compileall compiledby configparser connectionless
    containedin controlsend controlshow copyto creativecommons datasend daybefore dayfirst ddof depthfirst didrocks
    diffthis disproof dlsof documentclass doeswork doit donor dreamlike drivestatus dropwhile elementtree elementwise
    elseif elsewhere endfor endif endswith endwhile endwith enumerability environmentfunction enwreathe equalto erstwhile
    eventlet evermore everybody everyday everytime everywhere executemany fallthrough familywise farwell feof ferdinand
    filelike filescompleter findall fireproof firstborn firstfloor firsthand firstline firstname firstresult firstrow
    firstwin flyby focusonly foolproof forall forbed fordo foreach forever forgetting forgive forgiven forgiving
    forgo forgot forking formatter formatters formorer fornew fornow forrest forsythe forthwith freedman freewill frombook
    frombuffer fromdata fromfile fromfunction fromkeys fromlines fromlist fromordinal frompattern fromrecords fromroots
    fromshare fromstart fromstring fromtree ftplugof functionlike furthermore futureproof gadabout garbagecollect generis
    gerassimof getaddresses getall getattribute getaway getcalls getcell getcomment getcomments getcontext getdata getdate
    getdomain getencoding getentry getfield getfile getfloat getgroups getindex getit getitem getitems getlimits getline
    getlines getlist getmark getmask getmatches getmember getmembers getmessage getmodule getname getnode getone getoption
    getother getout getoutput getpager getparser getpass getpath getpattern getresponse getroot getscript getset getsets
    getshapes getsignal getsize getsizeof getsource getstate gettext gettime getup getuser getvalue getvalues getversion
    giveaway giveback globalconfig godlike goethe goingnative goodwill goof goto gotten gprof greenlet groundsman groupby
    grouphere groupthere hadbeen handmade hasher hashers hasnote hasobject hasten hastens haswell headersonly headerwith
    hehe hein hereabout hereafter hereby herefrom herein hereinto hereof hereto hereunder herewith homemade hoof howto
    hundredweight huntsman identityless ignoredwhen implementable implementor indexof ingo init inits innermost inno inor
    instancemethod instanceof insteadof intake isam isdecimal isfinite isidentifier isin isis iskeyword isnot isroutine
    isscalar issparse istitle justin justus kettlewell killall knockabout knowhow koethe krzysztof ladylike landis
    lastborn lastchange lastgroup lastline lastlist lastname laststatus lastthread lastupdate lastused lastwin lathe
    layabout layby lefteris leftmost legone leonardof lessthan letdown letstar lifelike lifespan lifespans likeliness
    likewise limitare linkedlist linkedname linksto listall lithe liveall liveedit livermore livinglogic loathe logis
    logits lotto lsof madeup mailfrom maintainability makebelieve makecell makecontext makefile makefiles makelink
    makemaker makemap makemenu makemodule makename makeover makeshift maketext makeup manmade manylinux marksman massif
    mathis mattethat meaningfully meaningless meanwhile meat mediaone memberof menuone merchantability metis milestones
    missingissuer moreno mostlysorted mustfree mustset mycorrecttakewhile myon mytakewhile namedobject namedtuple
    namedtuples needless needlessly needone nevermore nextafter nextone noam nome nonesuch noon noris norman nortest
    norway notable notedited notfile notfound nother nothingmuch notif notin notmuch notnull noto notset nottest nowhere
    offsetof oftentimes onedark oneleft oneletter oneline onemore onepage oneright onesided onestep onetime oneway onlyjob
    onno onus opensuse optionflags optionproperties oran orin orwant otherfile otherlist otherpath otherstuff othertest
    otheruser ourself ourthe outermost outlast outmost outtake overall overscore oversee overshot overtake packagecache
    parthey passerby passthrough pathlike pathsend peruse pidof plainsman planetary pointlike poststop productiontype prof
    protectedmethod pyobjfrom questionable rangelike raof ratfor readinto readjust readonly readonlymemory readuntil
    readymade receivepack recvfrom redis redone referenceable referencelist relativenumber relativepaths remquof
    renderables repeatability reproof rightmost roelof roundabout rouseabout rowsome runabout salesman salespeople
    salesperson sameas samefile sametype scathe schulhof sciencedirect scrapethis scriptnames scriptversion scythe
    sectionauthor securitycode seealso seesaw seethe sendall sendto sharedindex sharpone sheared sheathe shedmake shoemake
    shouldfail shouldstop signedinteger signingkey simplefilter singledispatch sizeof skipif someclass someday somefile
    somehost somehow somename somepath somescope somestring somesuch sometest sometext somethingelse sometime somevalue
    somewhats somewhen someword sono soothe sopwith sortedlist soulbeing soundproof soup sourceany speedstring
    speedstrings speedup speedvalues spokesman spokesperson spoof sprof sqlanywhere standby starlike startfrom
    startsomethingwith startswith statesman stof strikethrough stringcompare stringformat stringleft stringlist
    stringlower stringreplace stringright stringsample stringupper stringwise stripall strtof sunroof swathe
    tabletop takeaway takefive takeoff takeout takeover takestep takewhile testfor testscollected textedit thanksgiving
    thatfile theend thefile thefinal theline theme themself thenable thenables theor thereabout thereafter thereby
    therefor therefrom therein thereinto thereof thereon thereto therewith thesis thesummer theword theworths thiscall
    thisclass thisfile thisline thisobject throughput timedout timespan timespans timesten tithe toarray toby tobytes
    todense todo toon toother topmost tosparse townsend townsman townspeople tradesman transfrom trashcan triplet
    troublesome tryfirst trylast turnabout twofish twofold twosided twowords typeof unclothe underscore underscored
    underscores understandability undertake underthe unixfrom uppermost uptake upto usability usecase usecases uselast
    useless uselessly usemask useopen usepackage usethis variabletext veryslow virtualedit visiblename vswhere waitfor
    waituntil walkabout walkthrough wallis warlike waterproof wavelet wean wellbeing westby whatchanged whatis whatnot
    whatsnew wheeland whereabout whereabouts whereafter whereby wherefor wherefrom wherein whereinto whereis whereof
    whereto wherewith whethere whichever whichweek whichwrap whoa whodoesthis whoever wholesome windowsme windowsversion
    windsor withcolor withdraw withdrawal withdrawals withdrawing withdrawn withdraws withdrew withered withers withheld
    withhold withholding withholds withinit withit withitem withnall withstand withstands withstood wolof woodsman
    workingset worthwhile wreathe writeonly writhe yearfirst yourmodule yourstyle yousong youtrack
""")
"""Words that only look like two joined."""
