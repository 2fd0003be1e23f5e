using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
var sessionLifetime = TimeSpan.FromHours(8);

var builder = WebApplication.CreateBuilder(args);
string Setting(string name) => builder.Configuration[name] ?? throw new InvalidOperationException($"{name} is not set");
var issuer = Setting("OIDC_ISSUER");
var clientId = Setting("OIDC_CLIENT_ID");

// With more than one process: AddStackExchangeRedisCache or AddDistributedSqlServerCache in its place.
builder.Services.AddDistributedMemoryCache();
builder.Services.AddAuthorization();
builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie(options =>
    {
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.ExpireTimeSpan = sessionLifetime;
        // Not renewed: a session outlives no note of its end.
        options.SlidingExpiration = false;
        // The cookie holds the whole session, so its end is noted here and asked for at every request.
        options.Events.OnValidatePrincipal = async context =>
        {
            var ended = context.HttpContext.RequestServices.GetRequiredService<IDistributedCache>();
            var sid = context.Principal?.FindFirstValue("sid");
            if (sid is null || await ended.GetAsync($"ended:{sid}") is not null)
            {
                context.RejectPrincipal();
                await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            }
        };
    })
    .AddOpenIdConnect(options =>
    {
        options.Authority = issuer;
        options.RequireHttpsMetadata = !new Uri(issuer).IsLoopback;
        options.ClientId = clientId;
        options.ClientSecret = Setting("OIDC_CLIENT_SECRET");
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.Scope.Clear();
        options.Scope.Add("openid");
        options.Scope.Add("profile");
        options.GetClaimsFromUserInfoEndpoint = true;
        // Claims keep the names that they have in the token; "sub" is the person.
        options.MapInboundClaims = false;
        options.TokenValidationParameters.NameClaimType = "name";
        // Removed by default, and wanted: how sure the sign-in was.
        options.ClaimActions.Remove("acr");
        // Keeps the ID token, which sign-out hands back as a hint.
        options.SaveTokens = true;
    });

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("/", (ClaimsPrincipal person) => Results.Content(
    person.Identity?.IsAuthenticated == true
        ? $"<p>{HtmlEncoder.Default.Encode(person.Identity.Name ?? person.FindFirstValue("sub")!)}</p><form method=post action=/logout><button>Đăng xuất</button></form>"
        : "<a href=/login>Đăng nhập</a>",
    "text/html; charset=utf-8"));
app.MapGet("/login", () => Results.Challenge(new AuthenticationProperties { RedirectUri = "/" }));
// Both schemes: the cookie here, and the session at the provider.
app.MapPost("/logout", () => Results.SignOut(
    new AuthenticationProperties { RedirectUri = "/" },
    [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]));

// OpenID Connect Back-Channel Logout section 2.6.
app.MapPost("/backchannel-logout", async (
    HttpContext http, IDistributedCache ended, IOptionsMonitor<OpenIdConnectOptions> schemes) =>
{
    http.Response.Headers.CacheControl = "no-store";
    var form = await http.Request.ReadFormAsync();
    var options = schemes.Get(OpenIdConnectDefaults.AuthenticationScheme);
    var result = await new JsonWebTokenHandler().ValidateTokenAsync(form["logout_token"], new TokenValidationParameters
    {
        ValidIssuer = issuer,
        ValidAudience = clientId,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSha256],
        // An ID token has the same signer and audience; it must not pass for a sign-out.
        ValidTypes = ["logout+jwt"],
        ConfigurationManager = (Microsoft.IdentityModel.Tokens.BaseConfigurationManager)options.ConfigurationManager!,
    });
    if (!result.IsValid || result.SecurityToken is not JsonWebToken token)
    {
        return Results.BadRequest();
    }
    var isLogout = token.TryGetPayloadValue<JsonElement>("events", out var events)
        && events.ValueKind == JsonValueKind.Object && events.TryGetProperty(LogoutEvent, out _)
        && !token.TryGetPayloadValue<string>("nonce", out _);
    // "sid" is there because the registration says backchannel_logout_session_required.
    if (!isLogout || !token.TryGetPayloadValue<string>("sid", out var sid))
    {
        return Results.BadRequest();
    }
    // Noting the same end twice changes nothing, so a token that comes again does no harm.
    await ended.SetAsync($"ended:{sid}", [1], new DistributedCacheEntryOptions
    {
        AbsoluteExpirationRelativeToNow = sessionLifetime,
    });
    return Results.Ok();
}).DisableAntiforgery();

app.Run();
