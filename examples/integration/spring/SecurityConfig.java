package vn.example.department;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestRedirectFilter;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.session.HttpSessionEventPublisher;

@Configuration
public class SecurityConfig {

    @Bean
    SecurityFilterChain security(
            HttpSecurity http, ClientRegistrationRepository registrations, @Value("${BASE_URL}") String baseUrl)
            throws Exception {
        // Spring uses PKCE of itself only for clients without a secret; the provider asks it of all.
        var requests = new DefaultOAuth2AuthorizationRequestResolver(
                registrations, OAuth2AuthorizationRequestRedirectFilter.DEFAULT_AUTHORIZATION_REQUEST_BASE_URI);
        requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());

        var signOut = new OidcClientInitiatedLogoutSuccessHandler(registrations);
        // Character by character what is registered; a {baseUrl} behind a proxy would depend on forwarded headers.
        signOut.setPostLogoutRedirectUri(baseUrl + "/");

        return http
                .authorizeHttpRequests(rules -> rules
                        .requestMatchers("/").permitAll()
                        .anyRequest().authenticated())
                .oauth2Login(login -> login
                        .authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(requests)))
                .logout(logout -> logout.logoutSuccessHandler(signOut))
                // POST /logout/connect/back-channel/dinhdanh
                .oidcLogout(logout -> logout.backChannel(Customizer.withDefaults()))
                .build();
    }

    // Tells Spring's register of sign-ins which sessions have ended; without it the register only grows.
    @Bean
    HttpSessionEventPublisher sessionEvents() {
        return new HttpSessionEventPublisher();
    }
}
