/**
 * What people choose when they are asked for a password: the words that published rankings agree on, gathered by hand, in lower case
 * and without the digits that they come with. Spellings with digits and signs for letters are undone before comparing.
 */
const WORDS = `
password passwort passw passwd pass passphrase secret secrets letmein welcome changeme changeit default admin administrator
root toor guest test tester testing user username login logon logmein signin master mastermind superuser supervisor system server
qwerty qwert qwertz qwertyuiop qwertyui qwe qweasd qweasdzxc azerty azertyuiop asdf asdfgh asdfghjkl asdfghjk asdfasdf zxcvbn zxcvbnm zxcvbn
qazwsx qazwsxedc wsxedc zaqwsx zaqxsw qwaszx poiuytrewq mnbvcxz lkjhgfdsa
abc abcd abcde abcdef abcdefg abcdefgh abcdefghi abcabc aaa aaaa aaaaaa aaaaaaaa
iloveyou iloveu ilovehim ilovehers iloveme loveyou loveme lovely lover lovers love lovelove forever together
monkey dragon shadow sunshine princess football baseball basketball softball soccer hockey tennis rugby golf golfer cricket volleyball
superman batman spiderman ironman wolverine starwars startrek pokemon pikachu naruto
michael jennifer jessica ashley amanda matthew daniel andrew joshua anthony thomas robert william charlie jordan michelle nicole
samantha taylor thompson george hannah justin brandon alexander alexandra alexandr christopher christian christina benjamin nicholas
patrick patricia elizabeth victoria veronica stephanie sebastian jonathan caroline catherine katherine kristina natasha natalia
dominic gabriel gabriela fernando francisco alejandro alejandra eduardo mercedes ferdinand maverick
hunter ranger killer trustno trustnoone whatever nothing something anything everything nobody somebody unknown freedom liberty
computer internet samsung google facebook microsoft windows macintosh apple android nintendo playstation xbox yahoo hotmail gmail
linkedin twitter instagram myspace youtube amazon
summer winter spring autumn january february march april june july august september october november december
monday tuesday wednesday thursday friday saturday sunday
liverpool chelsea arsenal manchester everton barcelona realmadrid juventus bayern benfica celtic rangers cowboys steelers packers
yankees eagles lakers redskins raiders dolphins dallas chicago newyork boston london paris berlin madrid america australia england
scotland germany canada mexico brazil italia france
corvette mustang ferrari porsche mercedes chevrolet chevy camaro yamaha harley suzuki kawasaki toyota honda jaguar bigdog
butterfly butterfly flower flowers chocolate cookie cookies banana orange strawberry cherry peaches pepper ginger cheese chicken
diamond diamonds silver golden purple yellow rainbow crystal midnight starlight moonlight sunflower sunset
elephant tigger tiger tigers panther phoenix eagle falcon hawkeye scorpion spider snoopy garfield mickey minnie mickeymouse donald
dolphin penguin turtle rabbit horses horse kitten kitty hellokitty puppy buster
angel angels heaven jesus jesuschrist godisgood blessed blessing religion church
metallica nirvana slipknot greenday blink eminem beatles elvis guitar music rockstar hiphop
matrix merlin gandalf wizard warrior gladiator knight ninja samurai assassin pirate zombie vampire
cocacola pepsi marlboro budweiser
fuckyou fuckoff fuckme fuck asshole bullshit bitch pussy sexy sexsex
hello hellohello helloworld hi goodbye goodluck lucky thankyou please
access secure security private public temp temporary demo sample example foobar company business office manager
babylon blink rush wrinkle charlie jessica freedom yankees
creative awesome amazing beautiful gorgeous handsome fantastic perfect happy happiness smile smiles sweet sweety sweetheart
honey babygirl babyboy baby boyfriend girlfriend mother father family brother sister daughter grandma friends friend bestfriend
mommy daddy mummy mylove myspace myself blahblah bubbles
trustme openup opensesame sesame abracadabra hocuspocus
qwick qwickcert certwatch quantumlock quickztna chancery
`;

export const COMMON_WORDS: ReadonlySet<string> = new Set(WORDS.split(/\s+/u).filter((word) => word !== ''));
