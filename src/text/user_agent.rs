//! A `User-Agent` in words: `Firefox on Windows`.
//!
//! It helps users recognise their own sessions, and proves nothing: a client can send any name.
//!
//! The tables are our own: parsers of user agents bring thousands of regular expressions, and most of what they
//! find out is of no use here.

/// Tokens of a `User-Agent`, each with the name that it stands for.
type Names = &'static [(&'static str, &'static str)];

/// Clients that have something in common.
struct Group {
    names: Names,
    /// The device, if the client says `Macintosh`.
    macintosh: &'static str,
    /// The device, if the client says `Linux` without `Android`.
    linux: &'static str,
}

/// The first match counts: in-app browsers claim to be the system's browser, and most browsers claim to be
/// Chrome and Safari.
const GROUPS: [Group; 6] = [
    Group { names: APPS, macintosh: MAC_OR_IPAD, linux: "Linux" },
    Group { names: IOS_BROWSERS, macintosh: "iPhone or iPad", linux: "Linux" },
    Group { names: ANDROID_BROWSERS, macintosh: "macOS", linux: "Android" },
    Group { names: BROWSERS, macintosh: "macOS", linux: "Linux" },
    Group { names: WEBKIT_BROWSERS, macintosh: MAC_OR_IPAD, linux: "Linux" },
    Group { names: PROGRAMS, macintosh: "macOS", linux: "Linux" },
];

/// Safari on an iPad says that it is a Mac; nothing in the `User-Agent` tells them apart.
const MAC_OR_IPAD: &str = "Mac or iPad";

/// Browsers inside apps.
const APPS: Names = &[
    ("MessengerForiOS", "Messenger app"),
    ("MessengerLiteForiOS", "Messenger app"),
    ("Orca-Android", "Messenger app"),
    ("Instagram", "Instagram app"),
    ("Barcelona ", "Threads app"),
    ("FBAN/", "Facebook app"),
    ("FBAV/", "Facebook app"),
    ("FB_IAB/", "Facebook app"),
    ("BytedanceWebview/", "TikTok app"),
    ("musical_ly", "TikTok app"),
    ("trill_", "TikTok app"),
    ("LinkedInApp", "LinkedIn app"),
    ("MicroMessenger/", "WeChat app"),
    ("Snapchat/", "Snapchat app"),
    ("Line/", "LINE app"),
    ("KAKAOTALK", "KakaoTalk app"),
    ("Pinterest/", "Pinterest app"),
    ("Twitter for", "X app"),
    ("TwitterAndroid", "X app"),
    ("WhatsApp/", "WhatsApp app"),
    ("Slack/", "Slack app"),
];

/// Browsers of iPhones and iPads. Where they ask for desktop pages, they say `Macintosh`.
const IOS_BROWSERS: Names = &[
    ("CriOS/", "Chrome"),
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox Focus"),
    ("EdgiOS/", "Edge"),
    ("OPiOS/", "Opera"),
    ("OPT/", "Opera"),
    ("GSA/", "Google app"),
];

/// Browsers of Android devices. Where they ask for desktop pages, they say `Linux`.
const ANDROID_BROWSERS: Names = &[
    ("SamsungBrowser/", "Samsung Internet"),
    ("EdgA/", "Edge"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("UCBrowser/", "UC Browser"),
    ("Silk/", "Silk"),
];

/// Other browsers. Brave says that it is Chrome.
const BROWSERS: Names = &[
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("Whale/", "Whale"),
    ("Electron/", "Desktop app"),
    ("PowerShell/", "PowerShell"),
    ("WindowsPowerShell/", "PowerShell"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("SeaMonkey/", "SeaMonkey"),
    ("Firefox/", "Firefox"),
    ("; wv)", "App"),
    ("Dalvik/", "App"),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "Internet Explorer"),
    ("Trident/", "Internet Explorer"),
];

/// Browsers with the system's own WebKit, which is Safari's. An app without a name has no `Safari/`.
const WEBKIT_BROWSERS: Names = &[
    ("Ddg/", "DuckDuckGo"),
    ("Epiphany/", "GNOME Web"),
    ("Safari/", "Safari"),
    ("Mobile/", "App"),
    ("CFNetwork/", "App"),
];

/// Programs and libraries that send requests.
const PROGRAMS: Names = &[
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("HTTPie/", "HTTPie"),
    ("PostmanRuntime/", "Postman"),
    ("insomnia/", "Insomnia"),
    ("k6/", "k6"),
    ("axios/", "axios"),
    ("okhttp/", "OkHttp"),
    ("node-fetch", "Node.js"),
    ("undici", "Node.js"),
    ("node", "Node.js"),
    ("Bun/", "Bun"),
    ("Deno/", "Deno"),
    ("python-requests/", "Python Requests"),
    ("python-httpx/", "Python HTTPX"),
    ("aiohttp/", "Python aiohttp"),
    ("Python-urllib/", "Python"),
    ("Go-http-client/", "Go"),
    ("reqwest/", "reqwest"),
    ("Dart/", "Dart"),
    ("GuzzleHttp/", "Guzzle"),
    ("Apache-HttpClient/", "Apache HttpClient"),
    ("Java-http-client/", "Java"),
    ("Java/", "Java"),
    ("libwww-perl/", "Perl"),
    ("Ruby", "Ruby"),
];

/// Tokens of operating systems and devices. The first match counts: Android claims to be Linux, an Xbox to be
/// Windows, an iPhone to be like a Mac.
const SYSTEMS: Names = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("iPod", "iPod"),
    ("PlayStation", "PlayStation"),
    ("Nintendo Switch", "Nintendo Switch"),
    ("Xbox", "Xbox"),
    ("SMART-TV", "smart TV"),
    ("Web0S", "smart TV"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", MACINTOSH),
    ("Darwin/", "Apple device"),
    ("Linux", LINUX),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("NetBSD", "NetBSD"),
];

const MACINTOSH: &str = "macOS";
const LINUX: &str = "Linux";

/// The browser and its operating system, as far as they are known.
pub(crate) fn describe(user_agent: &str) -> String {
    let matching =
        |group: &Group| Some((first_match(group.names, user_agent)?, group.linux, group.macintosh));
    let (client, linux, macintosh) =
        GROUPS.iter().find_map(matching).unwrap_or(("Unknown browser", LINUX, MACINTOSH));
    match system(user_agent) {
        Some(MACINTOSH) => format!("{client} on {macintosh}"),
        Some(LINUX) => format!("{client} on {linux}"),
        Some(system) => format!("{client} on {system}"),
        None => client.to_owned(),
    }
}

/// Browsers name the system in the first parentheses. What apps add after that can name others: Facebook's
/// says `iPhone OS` on an iPad.
fn system(user_agent: &str) -> Option<&'static str> {
    let first = user_agent.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let named = first.and_then(|(first, _)| first_match(SYSTEMS, first));
    named.or_else(|| first_match(SYSTEMS, user_agent))
}

fn first_match(names: Names, user_agent: &str) -> Option<&'static str> {
    names.iter().find(|(token, _)| contains(user_agent, token)).map(|(_, name)| *name)
}

/// Whether a token occurs, in whichever case, other than as a part of a longer word: `Online/` is not
/// `Line/`.
fn contains(user_agent: &str, token: &str) -> bool {
    let (text, token) = (user_agent.as_bytes(), token.as_bytes());
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    text.windows(token.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let after = text.get(at + token.len());
        window.eq_ignore_ascii_case(token)
            && !is_letter(before)
            && !(is_letter(after) && is_letter(token.last()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBKIT: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
    const BLINK: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
    const IPHONE: &str = "(iPhone; CPU iPhone OS 18_6 like Mac OS X)";
    const MAC: &str = "(Macintosh; Intel Mac OS X 10_15_7)";

    /// What real browsers send after `Mozilla/5.0 `: the system, the engine, the rest.
    const BROWSERS: &[(&str, &str, &str, &str)] = &[
        (
            "(Windows NT 10.0; Win64; x64; rv:142.0)",
            "Gecko/20100101",
            "Firefox/142.0",
            "Firefox on Windows",
        ),
        (
            "(X11; Ubuntu; Linux x86_64; rv:142.0)",
            "Gecko/20100101",
            "Firefox/142.0",
            "Firefox on Linux",
        ),
        (
            "(Macintosh; Intel Mac OS X 10.15; rv:142.0)",
            "Gecko/20100101",
            "Firefox/142.0",
            "Firefox on macOS",
        ),
        ("(Android 15; Mobile; rv:142.0)", "Gecko/142.0", "Firefox/142.0", "Firefox on Android"),
        ("(X11; FreeBSD amd64; rv:142.0)", "Gecko/20100101", "Firefox/142.0", "Firefox on FreeBSD"),
        (MAC, BLINK, "Chrome/139.0.0.0 Safari/537.36", "Chrome on macOS"),
        (
            "(Linux; Android 10; K)",
            BLINK,
            "Chrome/139.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "(X11; CrOS x86_64 14541.0.0)",
            BLINK,
            "Chrome/139.0.0.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        ("(X11; Linux x86_64)", BLINK, "HeadlessChrome/139.0.0.0 Safari/537.36", "Chrome on Linux"),
        (
            "(X11; Linux x86_64)",
            BLINK,
            "Ubuntu Chromium/80.0.3987.87 Chrome/80.0.3987.87 Safari/537.36",
            "Chromium on Linux",
        ),
        (
            "(Windows NT 10.0; Win64; x64)",
            BLINK,
            "Chrome/139.0.0.0 Safari/537.36 Edg/139.0.3405.86",
            "Edge on Windows",
        ),
        (
            "(Linux; Android 10; HD1913)",
            BLINK,
            "Chrome/127.0.6533.103 Mobile Safari/537.36 EdgA/127.0.2651.90",
            "Edge on Android",
        ),
        (
            "(X11; Linux x86_64)",
            BLINK,
            "Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0",
            "Opera on Linux",
        ),
        (
            "(X11; Linux x86_64)",
            BLINK,
            "Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7",
            "Vivaldi on Linux",
        ),
        (
            "(Windows NT 10.0; Win64; x64)",
            BLINK,
            "Chrome/126.0.0.0 YaBrowser/24.7.0.0 Safari/537.36",
            "Yandex Browser on Windows",
        ),
        (
            "(Windows NT 10.0; Win64; x64)",
            BLINK,
            "Chrome/124.0 Electron/30.0.1 Safari/537.36",
            "Desktop app on Windows",
        ),
        (
            "(Windows NT 10.0; WOW64; Trident/7.0; rv:11.0)",
            "like Gecko",
            "",
            "Internet Explorer on Windows",
        ),
        (
            "(Windows NT 10.0; Win64; x64; Xbox; Xbox One)",
            BLINK,
            "Chrome/48.0 Safari/537.36 Edge/14.14393",
            "Edge on Xbox",
        ),
        (
            "(PlayStation; PlayStation 4/8.00)",
            WEBKIT,
            "Version/12.0 Safari/605.1.15",
            "Safari on PlayStation",
        ),
        (
            "(Web0S; Linux/SmartTV)",
            BLINK,
            "Chrome/79.0.3945.79 Safari/537.36 WebAppManager",
            "Chrome on smart TV",
        ),
        (
            "(SMART-TV; Linux; Tizen 6.0)",
            BLINK,
            "SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36",
            "Samsung Internet on smart TV",
        ),
        (
            "(Windows NT; Windows NT 10.0; en-US)",
            "WindowsPowerShell/5.1.19041.1",
            "",
            "PowerShell on Windows",
        ),
        // Android's own: when they ask for desktop pages, too.
        (
            "(Linux; Android 10; K)",
            BLINK,
            "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (
            "(X11; Linux x86_64)",
            BLINK,
            "SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36",
            "Samsung Internet on Android",
        ),
        (
            "(Linux; U; Android 8.1.0; en-us; MI PAD 4 Build/OPM1)",
            BLINK,
            "Version/4.0 Chrome/71.0.0.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/10.8.0",
            "Mi Browser on Android",
        ),
        (
            "(Linux; Android 10; HarmonyOS; ELS-AN00)",
            BLINK,
            "Chrome/99.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36",
            "Huawei Browser on Android",
        ),
        (
            "(Linux; Android 9; KFMAWI)",
            BLINK,
            "Silk/119.4.1 like Chrome/119.0.6045.193 Safari/537.36",
            "Silk on Android",
        ),
        (
            "(Linux; Android 10)",
            BLINK,
            "Version/4.0 Chrome/110.0.5481.153 Mobile DuckDuckGo/5 Safari/537.36",
            "DuckDuckGo on Android",
        ),
        // Apple's.
        (IPHONE, WEBKIT, "Version/18.6 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (MAC, WEBKIT, "Version/18.6 Safari/605.1.15", "Safari on Mac or iPad"),
        (MAC, WEBKIT, "Version/17.4 Safari/605.1.15 Ddg/17.4", "DuckDuckGo on Mac or iPad"),
        (IPHONE, WEBKIT, "FxiOS/142.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        (
            IPHONE,
            WEBKIT,
            "Version/18.0 EdgiOS/139.0.3405.86 Mobile/15E148 Safari/605.1.15",
            "Edge on iPhone",
        ),
        (
            "(iPad; CPU OS 18_6 like Mac OS X)",
            WEBKIT,
            "CriOS/139.0.7258.76 Mobile/15E148 Safari/604.1",
            "Chrome on iPad",
        ),
        (IPHONE, WEBKIT, "Version/16.5 Mobile/15E148 Safari/604.1 OPT/4.3.2", "Opera on iPhone"),
        (IPHONE, WEBKIT, "GSA/353.1.720279278 Mobile/15E148 Safari/604.1", "Google app on iPhone"),
        // Apple's, asking for desktop pages.
        (
            "(Macintosh; Intel Mac OS X 10_13_5)",
            WEBKIT,
            "CriOS/87 Version/11.1.1 Safari/605.1.15",
            "Chrome on iPhone or iPad",
        ),
        (
            "(Macintosh; Intel Mac OS X 10_15_4)",
            WEBKIT,
            "FxiOS/142.0 Safari/605.1.15",
            "Firefox on iPhone or iPad",
        ),
        (
            MAC,
            WEBKIT,
            "Version/18.0 EdgiOS/139.0.3405.86 Safari/605.1.15",
            "Edge on iPhone or iPad",
        ),
        // Inside apps.
        (
            IPHONE,
            WEBKIT,
            "Mobile/12B411 [FBAN/FBIOS;FBAV/14.9.0.33.26;FBDV/iPhone5,2;FBSN/iPhone OS]",
            "Facebook app on iPhone",
        ),
        (
            "(iPad; CPU OS 14_0_1 like Mac OS X)",
            WEBKIT,
            "Mobile/15E148 [FBAN/FBIOS;FBDV/iPad8,12;FBMD/iPad;FBSN/iPhone OS]",
            "Facebook app on iPad",
        ),
        (
            "(Linux; Android 14; Pixel 8 Build/UQ1A; wv)",
            BLINK,
            "Version/4.0 Chrome/124.0.6367.82 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/460.0.0.48.109;]",
            "Facebook app on Android",
        ),
        (
            IPHONE,
            WEBKIT,
            "Mobile/14A403 [FBAN/MessengerForiOS;FBAV/87.0.0.24.69;FBDV/iPhone8,4]",
            "Messenger app on iPhone",
        ),
        (
            IPHONE,
            WEBKIT,
            "Mobile/15E148 Instagram 159.0.0.28.123 (iPhone11,8; iOS 13_7; cs_CZ; scale=2.00)",
            "Instagram app on iPhone",
        ),
        (
            "(Linux; Android 8.0.0; G8231 Build/41.3; wv)",
            BLINK,
            "Version/4.0 Chrome/78.0.0.0 Mobile Safari/537.36 Instagram 119.0.0.0.0 Android (26/8.0.0)",
            "Instagram app on Android",
        ),
        (
            IPHONE,
            WEBKIT,
            "Mobile/15E148 BytedanceWebview/d8a21c6 musical_ly_30.9.0 JsSdk/2.0 NetType/WIFI",
            "TikTok app on iPhone",
        ),
        (
            "(Linux; Android 12; Pixel 3 Build/SP1A; wv)",
            BLINK,
            "Version/4.0 Chrome/96.0.4664.104 Mobile Safari/537.36 trill_2022206050 JsSdk/1.0",
            "TikTok app on Android",
        ),
        (IPHONE, WEBKIT, "Mobile/15E148 [LinkedInApp]/9.32.2485", "LinkedIn app on iPhone"),
        (
            IPHONE,
            WEBKIT,
            "Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI",
            "WeChat app on iPhone",
        ),
        (
            IPHONE,
            WEBKIT,
            "Version/14.0 Mobile/15E148 Snapchat/11.1.6.0 (like Safari/604.1)",
            "Snapchat app on iPhone",
        ),
        (
            "(Linux; Android 11; SM-G970U Build/RP1A; wv)",
            BLINK,
            "Version/4.0 Chrome/88.0.4324.93 Mobile Safari/537.36Snapchat/11.12",
            "Snapchat app on Android",
        ),
        (IPHONE, WEBKIT, "Mobile/15E148 Safari Line/14.5.0", "LINE app on iPhone"),
        (IPHONE, WEBKIT, "Mobile/15E148 [Pinterest/iOS]", "Pinterest app on iPhone"),
        (IPHONE, WEBKIT, "Mobile/14A403 Twitter for iPhone", "X app on iPhone"),
        (
            "(Linux; Android 9; SM-G950F Build/PPR1; wv)",
            BLINK,
            "Version/4.0 Chrome/88.0.4324.152 Mobile Safari/537.36",
            "App on Android",
        ),
        (IPHONE, WEBKIT, "Mobile/15E148", "App on iPhone"),
        ("(Windows NT 10.0)", "Somebody/1.0", "Online/2.0", "Unknown browser on Windows"),
    ];

    /// What programs send, and some oddities.
    const OTHERS: &[(&str, &str)] = &[
        ("curl/8.14.1", "curl"),
        ("Wget/1.25.0", "Wget"),
        ("Wget/1.20.3 (linux-gnu)", "Wget on Linux"),
        ("HTTPie/3.2.2", "HTTPie"),
        ("axios/1.7.2", "axios"),
        ("node", "Node.js"),
        ("undici", "Node.js"),
        ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "Node.js"),
        ("okhttp/4.12.0", "OkHttp"),
        ("python-requests/2.32.4", "Python Requests"),
        ("python-httpx/0.27.0", "Python HTTPX"),
        ("Python/3.11 aiohttp/3.9.5", "Python aiohttp"),
        ("Python-urllib/3.12", "Python"),
        ("Go-http-client/2.0", "Go"),
        ("reqwest/0.12.4", "reqwest"),
        ("Java/17.0.1", "Java"),
        ("Java-http-client/21.0.2", "Java"),
        ("Apache-HttpClient/4.5.14 (Java/11.0.22)", "Apache HttpClient"),
        ("Dart/3.4 (dart:io)", "Dart"),
        ("PostmanRuntime/7.39.0", "Postman"),
        ("insomnia/9.2.0", "Insomnia"),
        ("libwww-perl/6.67", "Perl"),
        ("Ruby", "Ruby"),
        ("GuzzleHttp/7", "Guzzle"),
        ("k6/0.51.0 (https://k6.io/)", "k6"),
        ("Shop/4 CFNetwork/1494.0.7 Darwin/23.4.0", "App on Apple device"),
        ("Dalvik/2.1.0 (Linux; U; Android 13; SM-S908B Build/TP1A)", "App on Android"),
        (
            "Instagram 118.0.0.0 Android (28/9; 480dpi; 1080x2043; Xiaomi)",
            "Instagram app on Android",
        ),
        ("Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", "Opera on Windows"),
        ("Mozilla/5.0", "Unknown browser"),
        ("anode/1 nodes", "Unknown browser"),
        ("(", "Unknown browser"),
        ("ü(é)ö", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("", "Unknown browser"),
    ];

    #[test]
    fn browsers_and_their_systems_are_recognised() {
        for (system, engine, rest, words) in BROWSERS {
            let user_agent = format!("Mozilla/5.0 {system} {engine} {rest}");
            assert_eq!(describe(&user_agent), *words, "{user_agent}");
        }
    }

    #[test]
    fn programs_are_called_what_they_are_and_the_rest_unknown() {
        for (user_agent, words) in OTHERS {
            assert_eq!(describe(user_agent), *words, "{user_agent}");
        }
    }
}
